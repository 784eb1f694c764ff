-- What a buyer sees.
CREATE TABLE products (
    no BIGINT NOT NULL PRIMARY KEY,
    created_at_ms BIGINT NOT NULL,
    sold BIGINT NOT NULL
);

-- One supplier's product, backing one of ours.
CREATE TABLE offers (
    supplier TEXT NOT NULL,
    sku TEXT NOT NULL,
    product_no BIGINT NOT NULL REFERENCES products (no),
    name TEXT NOT NULL,
    names TEXT NOT NULL,
    category TEXT NOT NULL,
    category_id TEXT NOT NULL,
    -- Decimal text; NULL: unreadable or not positive, so not for sale.
    cost TEXT,
    cost_currency TEXT,
    -- NULL: some, uncounted.
    stock BIGINT CHECK (stock >= 0),
    quantity_min BIGINT NOT NULL CHECK (quantity_min >= 1),
    quantity_max BIGINT NOT NULL CHECK (quantity_max >= 1),
    gone BIGINT NOT NULL CHECK (gone IN (0, 1)),
    seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (supplier, sku)
);

CREATE TABLE refreshes (
    supplier TEXT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    failed_at_ms BIGINT,
    failure TEXT
);

-- What admins set: margins by category ('' is the shop's default) and rates by currency.
CREATE TABLE margins (
    category TEXT NOT NULL PRIMARY KEY,
    percent TEXT NOT NULL,
    set_by TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE TABLE rates (
    currency TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    set_by TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);

-- Counts up with every change of prices or products, so that replicas know when to read again.
CREATE TABLE revisions (
    name TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO revisions (name, revision) VALUES ('catalog', 1);

-- Who wants to hear when a product is back.
CREATE TABLE watches (
    buyer_id TEXT NOT NULL,
    product_no BIGINT NOT NULL,
    PRIMARY KEY (buyer_id, product_no)
);
CREATE INDEX watches_by_product ON watches (product_no);
