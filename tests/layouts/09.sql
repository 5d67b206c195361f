BEGIN TRANSACTION;
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
	changed BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "commitment" VALUES('34964-B','reply','Reply','requested','',NULL,'','["nl/regering"]','["nl/eerste-kamer"]','2018-07-13',NULL,0,'','',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
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
	PRIMARY KEY (seq)
);
INSERT INTO "ledger" VALUES(1,'2018-07-13T09:30:00.000000Z','clerk','made','34964-B','{"commitment":{"by":["nl/regering"],"id":"34964-B","kind":"reply","made":"2018-07-13","title":"Reply","to":["nl/eerste-kamer"]},"kind":"made","occurred_on":"2018-07-13"}','0000000000000000000000000000000000000000000000000000000000000000','f8f64a1787869d58635bd051a37c7abecd81677783ccc5af0ea5ca570b9ac0f9');
INSERT INTO "ledger" VALUES(2,'2018-07-13T09:30:00.000000Z','clerk','fulfilled','34964-B','{"document":"letter","kind":"fulfilled","occurred_on":"2018-08-30"}','f8f64a1787869d58635bd051a37c7abecd81677783ccc5af0ea5ca570b9ac0f9','3873542f68a41026cdab0350926e52c1b793a5779435dd9bc9be5f25f66b243a');
CREATE TABLE member (
	escalation TEXT NOT NULL, 
	value TEXT NOT NULL, 
	commitment TEXT NOT NULL, 
	since DATE NOT NULL, 
	version TEXT NOT NULL, 
	PRIMARY KEY (escalation, value, commitment), 
	FOREIGN KEY(commitment) REFERENCES commitment (id)
);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('layout','9');
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
	body BLOB NOT NULL, 
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
CREATE INDEX ledger_by_commitment ON ledger (commitment, seq);
CREATE INDEX ix_commitment_next_change ON commitment (next_change);
CREATE INDEX commitment_parent ON commitment (parent);
CREATE INDEX ix_notice_commitment ON notice (commitment);
CREATE INDEX ix_member_commitment ON member (commitment);
CREATE INDEX outbox_recipient ON outbox (recipient, id);
CREATE INDEX outbox_waiting ON outbox (state, attempts, id);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END;
CREATE INDEX commitment_changed ON commitment (changed) WHERE changed = 1;
CREATE INDEX notice_owed ON notice (state, audience, number);
CREATE INDEX ix_notice_number ON notice (number);
COMMIT;
