BEGIN TRANSACTION;
CREATE TABLE bounce (
	outbox INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	status TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (outbox, kind), 
	CONSTRAINT bounce_kind CHECK (kind IN ('gone', 'for_now')), 
	FOREIGN KEY(outbox) REFERENCES outbox (id)
);
CREATE TABLE commitment (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	title TEXT NOT NULL, 
	force TEXT NOT NULL, 
	dossier TEXT NOT NULL, 
	parent TEXT, 
	cycle TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	"to" TEXT NOT NULL, 
	made DATE, 
	status TEXT, 
	partly BOOLEAN NOT NULL, 
	rule TEXT NOT NULL, 
	pack TEXT DEFAULT '' NOT NULL, 
	original_earliest DATE, 
	original_latest DATE, 
	current_earliest DATE, 
	current_latest DATE, 
	settled_on DATE, 
	days_late_original INTEGER, 
	days_late_current INTEGER, 
	next_change DATE, 
	ground TEXT, 
	news BOOLEAN DEFAULT 0 NOT NULL, 
	changed BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "commitment" VALUES('34964-B','reply','Reply','requested','',NULL,'','["nl/regering"]','["nl/eerste-kamer"]','2018-07-13',NULL,0,'','',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,1);
CREATE TABLE digest (
	id INTEGER NOT NULL, 
	recipient TEXT NOT NULL, 
	slot TEXT NOT NULL, 
	covers_from TEXT, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	looked BIGINT, 
	looked_as TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT digest_once UNIQUE (recipient, slot)
);
CREATE TABLE ledger (
	seq INTEGER NOT NULL, 
	at VARCHAR(27) NOT NULL, 
	actor TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	commitment TEXT, 
	payload TEXT NOT NULL, 
	prev VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	body TEXT, 
	PRIMARY KEY (seq)
);
INSERT INTO "ledger" VALUES(1,'2018-07-13T09:30:00.000000Z','clerk','made','34964-B','{"body":"e4bb5dcb8af9aba589eb0b76f8fea1d7554012bf9a0277cbd9b9079d8d294d83","commitment":{"by":["nl/regering"],"id":"34964-B","kind":"reply","made":"2018-07-13","to":["nl/eerste-kamer"]},"kind":"made","occurred_on":"2018-07-13"}','0000000000000000000000000000000000000000000000000000000000000000','a6418338abb978e6ed499c207a294ddfa7a42c9d53638c13b3859dc20bd4a971','{"commitment":{"title":"Reply"},"salt":"d16ddd1020148b892e859ba3285bb138"}');
INSERT INTO "ledger" VALUES(2,'2018-07-13T09:30:00.000000Z','clerk','fulfilled','34964-B','{"body":"1a09b5ce7829e8c947ca1996fcf79dbdafa0dc4e6979d198698c133b774e7df0","kind":"fulfilled","occurred_on":"2018-08-30"}','a6418338abb978e6ed499c207a294ddfa7a42c9d53638c13b3859dc20bd4a971','5d3765fe0a8f7ca668cf2998ceed4f27477a30ff77628af66b3d8f4fdbe3a3db','{"document":"letter","salt":"38b6f16069cfdd225f8af8d9d646ddf5"}');
CREATE TABLE member (
	escalation TEXT NOT NULL, 
	value TEXT NOT NULL, 
	commitment TEXT NOT NULL, 
	since DATE NOT NULL, 
	version TEXT NOT NULL, 
	PRIMARY KEY (escalation, value, commitment), 
	FOREIGN KEY(commitment) REFERENCES commitment (id)
);
CREATE TABLE message (
	outbox INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (outbox), 
	FOREIGN KEY(outbox) REFERENCES outbox (id)
);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('layout','14');
CREATE TABLE notice (
	"key" TEXT NOT NULL, 
	commitment TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	pack TEXT DEFAULT '' NOT NULL, 
	stage TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	version TEXT NOT NULL, 
	audience TEXT NOT NULL, 
	day DATE NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	number BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY ("key"), 
	CONSTRAINT notice_state CHECK (state IN ('owed', 'superseded', 'dropped')), 
	FOREIGN KEY(commitment) REFERENCES commitment (id)
);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	digest INTEGER, 
	recipient TEXT NOT NULL, 
	address TEXT NOT NULL, 
	route TEXT DEFAULT '' NOT NULL, 
	message_id TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_try_at TEXT, 
	lease_until TEXT, 
	last_error TEXT NOT NULL, 
	queued_at TEXT NOT NULL, 
	sent_at TEXT, 
	doubtful BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_state CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dead', 'superseded', 'dropped')), 
	FOREIGN KEY(digest) REFERENCES digest (id), 
	UNIQUE (message_id)
);
CREATE TABLE silence (
	id INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	until DATE NOT NULL, 
	author TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	since TEXT NOT NULL, 
	ended_at TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE suppression (
	address TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	since TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (address, kind), 
	CONSTRAINT suppression_kind CHECK (kind IN ('unsubscribed', 'bounced'))
);
CREATE TABLE told (
	recipient TEXT NOT NULL, 
	notice TEXT NOT NULL, 
	digest INTEGER NOT NULL, 
	PRIMARY KEY (recipient, notice), 
	FOREIGN KEY(notice) REFERENCES notice ("key"), 
	FOREIGN KEY(digest) REFERENCES digest (id)
);
CREATE TABLE warned (
	recipient TEXT NOT NULL, 
	silence INTEGER NOT NULL, 
	PRIMARY KEY (recipient, silence), 
	FOREIGN KEY(silence) REFERENCES silence (id)
);
CREATE INDEX ledger_by_commitment ON ledger (commitment, seq);
CREATE INDEX ix_commitment_next_change ON commitment (next_change);
CREATE INDEX commitment_parent ON commitment (parent);
CREATE INDEX ix_silence_until ON silence (until);
CREATE INDEX ix_notice_commitment ON notice (commitment);
CREATE INDEX ix_member_commitment ON member (commitment);
CREATE INDEX outbox_recipient ON outbox (recipient, id);
CREATE INDEX outbox_waiting ON outbox (state, attempts, id);
CREATE INDEX ix_told_digest ON told (digest);
CREATE INDEX commitment_changed ON commitment (changed) WHERE changed = 1;
CREATE INDEX notice_owed ON notice (state, audience, number);
CREATE INDEX ix_notice_number ON notice (number);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger WHEN NOT (NEW."seq" IS OLD."seq" AND NEW."at" IS OLD."at" AND NEW."actor" IS OLD."actor" AND NEW."kind" IS OLD."kind" AND NEW."commitment" IS OLD."commitment" AND NEW."payload" IS OLD."payload" AND NEW."prev" IS OLD."prev" AND NEW."hash" IS OLD."hash" AND NEW.body IS NULL) BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq) BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
COMMIT;
