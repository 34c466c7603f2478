"""Messages between processes: each a type with its own encoder and its own loss policy.

=================  ======================  ==================================================================
module             way                     when lost
=================  ======================  ==================================================================
``events``         API, gateway → drain    never: kept until PostgreSQL has committed
``pushes``         drain → gateways        a gap in versions; the reader resumes from history or resyncs
``control``        any → API, gateways     facts end by themselves; a token is checked again within 60 s;
                                           the drain is called every second anyway
``condition``      workers → API, beat     it is measured again; older than a minute there is none
``frames``         browser ↔ gateway       the browser sees a broken socket and reconnects
=================  ======================  ==================================================================
"""
