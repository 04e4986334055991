//! The journal as a SQLite file that only its owner can read, in WAL mode, one transaction for each batch.

use std::fmt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Entry, Journal};
use crate::{Error, Result};

/// `application_id` of the files: "Lshr".
const APPLICATION: i64 = 0x4c73_6872;

/// Layout of the files, `user_version`.
const LAYOUT: i64 = 1;

/// A journal in a file. One process at a time can have it open.
pub struct SqliteJournal {
    path: PathBuf,
    work: mpsc::Sender<Work>,
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteJournal {
    /// Opens the journal at `path`, which is created for its owner alone when it is not there.
    ///
    /// # Errors
    /// [`Error::Journal`] when the file cannot be used, is no journal, or another process has it open.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let mut connection = connect(&path)?;
        let (work, jobs) = mpsc::channel::<Work>();
        // SQLite blocks, and its connection must stay with one thread at a time; this one ends with the journal.
        std::thread::spawn(move || {
            while let Ok(job) = jobs.recv() {
                job(&mut connection);
            }
        });
        Ok(Self { path, work })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| drop(reply.send(work(connection))));
        let ended = |_| Error::Journal(format!("{}: its thread has ended", self.path.display()));
        self.work.send(job).map_err(|_| ended(()))?;
        answer.await.map_err(|_| ended(()))?.map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another runner has it open: end that one or take another file".to_owned()
        }
        Some(ErrorCode::NotADatabase) => "is no journal of a runner: take another file".to_owned(),
        _ => error.to_string(),
    };
    Error::Journal(format!("{}: {what}", path.display()))
}

fn connect(path: &Path) -> Result<Connection> {
    // SQLite gives the files beside it the same mode.
    let created = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    created.map_err(|error| Error::Journal(format!("{}: {error}", path.display())))?;
    let connection = Connection::open(path).map_err(|error| failed(path, &error))?;
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let prepare = || -> rusqlite::Result<bool> {
        // Exclusive before WAL, or two processes could share the file.
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0;")?;
        let (application, layout) = (number("application_id")?, number("user_version")?);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        if (application, layout) != (APPLICATION, LAYOUT) && tables > 0 {
            return Ok(false);
        }
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
             PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT};
             COMMIT;"
        ))?;
        Ok(true)
    };
    match prepare() {
        Ok(true) => Ok(connection),
        Ok(false) => {
            Err(Error::Journal(format!("{}: is no journal of this runner: take another file", path.display())))
        }
        Err(error) => Err(failed(path, &error)),
    }
}

fn insert(connection: &mut Connection, lines: &[String], instead: bool) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if instead {
        transaction.execute("DELETE FROM entry", [])?;
    }
    {
        let mut insert = transaction.prepare("INSERT INTO entry (text) VALUES (?1)")?;
        for line in lines {
            insert.execute([line])?;
        }
    }
    transaction.commit()
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn load(&self) -> Result<Vec<Entry>> {
        let lines = self.run(|connection| {
            let mut select = connection.prepare("SELECT text FROM entry ORDER BY id")?;
            let lines = select.query_map([], |row| row.get::<_, String>(0))?;
            lines.collect::<rusqlite::Result<Vec<_>>>()
        });
        lines.await?.iter().map(|line| Entry::from_text(line)).collect()
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<()> {
        self.run(move |connection| {
            let lines: Vec<String> = entries.iter().map(Entry::to_text).collect();
            insert(connection, &lines, false)
        })
        .await
    }

    async fn replace(&self, entries: Vec<Entry>) -> Result<()> {
        self.run(move |connection| {
            let lines: Vec<String> = entries.iter().map(Entry::to_text).collect();
            insert(connection, &lines, true)
        })
        .await
    }
}
