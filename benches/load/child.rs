//! The shop as a process of its own, and what the system says about it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kiosk::demo::one4all;
use kiosk::demo::stage::{ADMIN, EMAIL, Scenery, TOKEN};
use kiosk::secret::KeyRing;
use kiosk::world::World;

/// Nothing may take longer; a run that does has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often waiting looks again.
pub const LOOK: Duration = Duration::from_millis(1);

/// A folder with a database, and the settings that lead to it.
pub struct Place {
    folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Place {
    /// A fresh one for a shop in this scenery, with every supplier limit lifted.
    pub fn fresh(world: &World, scenery: &Scenery) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = format!("sqlite://{}", folder.path().join("kiosk.db").display());
        let settings = vec![
            ("KIOSK_TELEGRAM__TOKEN", TOKEN.to_owned()),
            ("KIOSK_TELEGRAM__API_URL", scenery.telegram.url()),
            ("KIOSK_DATABASE__URL", database),
            ("KIOSK_VAULT__KEYS", KeyRing::generate(world.entropy.as_ref()).to_string()),
            ("KIOSK_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
            ("KIOSK_SHOP__ADMINS", ADMIN.to_string()),
            ("KIOSK_SHOP__RATES", "CNY=0.14".to_owned()),
            ("KIOSK_SUPPLIER__ONE4ALL__API_KEY", one4all::KEY.to_owned()),
            ("KIOSK_SUPPLIER__ONE4ALL__URL", scenery.one4all.url()),
            ("KIOSK_SUPPLIER__ONE4ALL__TIER", "enterprise".to_owned()),
            ("KIOSK_SUPPLIER__ONE4ALL__PURCHASES_PER_10S", "1000000".to_owned()),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__URL", scenery.account_shop.url()),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__CONTACT_EMAIL", EMAIL.to_owned()),
            ("KIOSK_SUPPLIER__ACCOUNT_SHOP__TOKEN", scenery.account_token.clone()),
        ];
        Self { folder, settings }
    }

    /// The database's address.
    pub fn database(&self) -> &str {
        self.settings.iter().find(|(name, _)| *name == "KIOSK_DATABASE__URL").map_or("", |(_, url)| url.as_str())
    }

    /// Where the shop's log goes.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts `kiosk run`.
    pub fn start(&self) -> Shop {
        let log = File::options().create(true).append(true).open(self.log()).expect("a log");
        let started = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiosk"));
        command.arg("run").current_dir(self.folder.path()).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (*name, value.as_str()))).stderr(log);
        Shop { child: command.spawn().expect("the shop starts"), started }
    }
}

/// A shop that is open. Killed when dropped.
pub struct Shop {
    child: Child,
    started: Instant,
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shop {
    /// How long it took from the start to a request for updates, the `before`-th and one.
    pub async fn until_first_poll(&self, scenery: &Scenery, before: u64) -> Duration {
        while scenery.telegram.count("getupdates") <= before {
            assert!(self.started.elapsed() < PATIENCE, "the shop asks for no updates");
            tokio::time::sleep(LOOK).await;
        }
        self.started.elapsed()
    }

    /// Tells it to stop as an operator does, and says how long that took.
    pub async fn stop(mut self) -> Duration {
        let asked = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(sent.success(), "the shop was gone before it was told to stop");
        while self.child.try_wait().expect("a child of ours").is_none() {
            assert!(asked.elapsed() < PATIENCE, "the shop does not stop");
            tokio::time::sleep(LOOK).await;
        }
        asked.elapsed()
    }

    /// A file of the system's about it.
    fn proc(&self, file: &str) -> String {
        let path = Path::new("/proc").join(self.child.id().to_string()).join(file);
        std::fs::read_to_string(path).expect("the shop runs, on Linux")
    }

    /// Its resident memory, in KiB.
    pub fn resident(&self) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the line is there");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// How long it was on a processor so far, in user and system mode. Counted in steps of 10 ms.
    pub fn processor_time(&self) -> Duration {
        let stat = self.proc("stat");
        // The name in front may hold blanks.
        let (_, rest) = stat.rsplit_once(')').expect("a name");
        let ticks: u64 =
            rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }
}
