//! The log of the tour: everything the real program logs, kept to be searched and shown.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::demo::faults::lock;

/// The most that is kept. The tour logs a few kilobytes.
const KEPT_MAX: usize = 4 * 1024 * 1024;

#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    /// Whether lines go to standard error instead.
    open: bool,
}

/// What is logged, kept until [`Log::open`] sends it to standard error. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Kept>>);

impl Log {
    /// Everything kept so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0).bytes).into_owned()
    }

    /// From now on lines go to standard error and are not kept.
    pub(super) fn open(&self) {
        lock(&self.0).open = true;
    }
}

/// Writes one line.
#[derive(Debug)]
pub struct LogWriter(Log);

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = lock(&self.0.0);
        if kept.open {
            drop(kept);
            return io::stderr().write(bytes);
        }
        if kept.bytes.len().saturating_add(bytes.len()) > KEPT_MAX {
            // A search of half a log would prove nothing.
            return Err(io::Error::other("the log of the tour is too long"));
        }
        kept.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = LogWriter;

    fn make_writer(&self) -> LogWriter {
        LogWriter(self.clone())
    }
}
