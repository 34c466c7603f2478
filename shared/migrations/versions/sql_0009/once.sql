-- A delivery is buried once: a worker that dies between burying and settling buries it again when it is back.
-- Events are longer than an index takes, so their digest stands for them.

DELETE FROM dead_letters twin USING dead_letters first
    WHERE twin.origin = first.origin AND twin.entry_id = first.entry_id AND twin.payload = first.payload
      AND first.id < twin.id;
CREATE UNIQUE INDEX uq_dead_letters_delivery ON dead_letters (origin, entry_id, sha256(payload));

-- Activities are counted by what they say, whichever way and however often they come.
COMMENT ON TABLE counted_deliveries IS 'Activities that are counted; kept for as long as one may come again';
COMMENT ON COLUMN counted_deliveries.delivery IS 'Session, person, moment and kind of the activity';
