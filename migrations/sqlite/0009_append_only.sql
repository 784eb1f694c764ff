CREATE TRIGGER postings_keep BEFORE DELETE ON postings BEGIN
    SELECT RAISE(ABORT, 'postings are append-only');
END;
CREATE TRIGGER postings_stay BEFORE UPDATE ON postings BEGIN
    SELECT RAISE(ABORT, 'postings are append-only');
END;
