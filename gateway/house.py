"""What all visits of this process share."""

from dataclasses import dataclass

from gateway.admission import Admission
from gateway.hub import Hub
from gateway.pace import Pace
from gateway.pulse import Pulse
from gateway.relay import Relay
from gateway.rights import Projections
from gateway.witness import Witness


@dataclass(frozen=True, slots=True)
class House:
    """See the module. Bounds are per socket."""

    hub: Hub
    relay: Relay
    admission: Admission
    projections: Projections
    witness: Witness
    pulse: Pulse
    pace: Pace
    most_channels: int
    frames_per_second: int
