-- A visit can end because staff take the kiosk over. A CHECK cannot be changed: the table is made anew. Foreign keys are
-- off while migrations run, so that the rows of other tables keep the visits that they name.

CREATE TABLE visits_new (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36), -- UUIDv7
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,                                           -- NULL: goes on, or the program stopped within it
    end_reason TEXT CHECK (end_reason IN ('goodbye', 'silence', 'departure', 'touch', 'staff', 'shutdown')),
    visitor    TEXT REFERENCES visitors (id),                     -- who was recognised; NULL: nobody, or forgotten
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO visits_new SELECT id, started_at, ended_at, end_reason, visitor FROM visits;
DROP TABLE visits;
ALTER TABLE visits_new RENAME TO visits;

CREATE INDEX visits_by_time ON visits (started_at);
CREATE INDEX visits_by_visitor ON visits (visitor) WHERE visitor IS NOT NULL;
