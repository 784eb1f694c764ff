-- News for somebody who cannot be reached waits until they come back: 1 while it does.
ALTER TABLE notices ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
CREATE INDEX notices_waiting ON notices (telegram_id) WHERE waits = 1;
