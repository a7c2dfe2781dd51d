-- Staff are told that a visitor wants to talk with somebody.
ALTER TABLE staff_events RENAME TO staff_events_3;
DROP INDEX staff_events_by_time;

CREATE TABLE staff_events (
    id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),        -- UUIDv7
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('device', 'provider', 'budget', 'watchdog', 'dropped', 'request')),
    subject TEXT NOT NULL,                                            -- which device, provider, state, queue, or who
    status  TEXT NOT NULL,
    detail  TEXT NOT NULL                                             -- nothing secret, nothing personal
) STRICT, WITHOUT ROWID;

INSERT INTO staff_events SELECT * FROM staff_events_3;
DROP TABLE staff_events_3;

CREATE INDEX staff_events_by_time ON staff_events (at);
