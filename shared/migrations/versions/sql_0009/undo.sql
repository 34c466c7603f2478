DROP INDEX uq_dead_letters_delivery;
COMMENT ON TABLE counted_deliveries IS 'Deliveries whose activities are counted; kept for as long as one may come again';
COMMENT ON COLUMN counted_deliveries.delivery IS 'Origin, entry id and place';
