-- What is said during visits, how fast it was, and what staff should know.
-- Times are milliseconds since 1970-01-01 UTC. Never edit this file: add the next number.

CREATE TABLE visits (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36), -- UUIDv7
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,                                           -- NULL: goes on, or the program stopped within it
    end_reason TEXT CHECK (end_reason IN ('goodbye', 'silence', 'departure', 'touch', 'shutdown')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX visits_by_time ON visits (started_at);

CREATE TABLE messages (
    visit      TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    turn       INTEGER NOT NULL CHECK (turn >= 0),
    speaker    TEXT NOT NULL CHECK (speaker IN ('visitor', 'kiosk')),
    answer     INTEGER NOT NULL CHECK (answer >= 0),              -- 0 for the visitor's
    language   TEXT NOT NULL CHECK (length(language) = 2),
    text       TEXT NOT NULL,                                     -- personal
    heard      TEXT,                                              -- personal; NULL: not finished, or the visitor's
    served_by  TEXT CHECK (served_by IN ('cloud', 'embedded')),   -- NULL: the kiosk's own sentence
    started_at INTEGER NOT NULL,
    PRIMARY KEY (visit, turn, speaker, answer),
    CHECK (speaker = 'kiosk' OR (answer = 0 AND heard IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
    visit               TEXT NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
    turn                INTEGER NOT NULL CHECK (turn >= 0),
    utterance_start_ms  INTEGER,                                  -- these two from the start of the audio input
    utterance_end_ms    INTEGER,
    end_of_turn_ms      INTEGER,                                  -- these from the end of the utterance
    transcript_ms       INTEGER,
    first_token_ms      INTEGER,
    first_audio_ms      INTEGER,
    first_sample_ms     INTEGER,
    PRIMARY KEY (visit, turn)
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_events (
    id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),    -- UUIDv7
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('device', 'provider', 'watchdog', 'dropped')),
    subject TEXT NOT NULL,                                        -- which device, provider, state or queue
    status  TEXT NOT NULL,
    detail  TEXT NOT NULL                                         -- nothing secret, nothing personal
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_events_by_time ON staff_events (at);
