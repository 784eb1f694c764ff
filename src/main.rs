//! The command line of Kiosk.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use kiosk::config::{Settings, Sources};
use kiosk::runner::House;
use kiosk::secret::KeyRing;
use kiosk::store::Db;
use kiosk::world::{SystemEntropy, World};
use kiosk::{check, http, supplier};

/// A Telegram storefront for digital goods.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Settings come from KIOSK_… variables, .env and kiosk.toml; `kiosk run --help` lists them."
)]
struct Cli {
    /// The settings file, if it is not kiosk.toml in this folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open the shop and keep it going.
    #[command(after_help = Settings::table(supplier::SECTIONS))]
    Run,
    /// Show the whole shop on this machine, with no account anywhere.
    #[cfg(feature = "demo")]
    Demo {
        /// Keep everything running afterwards and print the addresses.
        #[arg(long)]
        stay: bool,
    },
    /// Say what is configured, reach each service, and say what to do.
    Check,
    /// Print a new sealing key, for `KIOSK_VAULT__KEYS`.
    Key,
    /// Bring the database's tables up to date.
    Migrate,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async move {
        match cli.command {
            Command::Key => {
                say(&KeyRing::generate(&SystemEntropy));
                Ok(ExitCode::SUCCESS)
            }
            #[cfg(feature = "demo")]
            Command::Demo { stay } => demo(stay).await,
            Command::Run => run(&load(cli.config)?).await,
            Command::Check => Ok(check::run(&load(cli.config)?, &World::real()?).await),
            Command::Migrate => {
                let settings = load(cli.config)?;
                let db = Db::open(settings.database.url.expose()).await.context("KIOSK_DATABASE__URL")?;
                db.migrate().await?;
                db.close().await;
                say("The tables are up to date.");
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

fn load(config: Option<PathBuf>) -> Result<Settings> {
    Ok(Settings::load(&Sources::system(config.as_deref()), supplier::SECTIONS)?)
}

async fn run(settings: &Settings) -> Result<ExitCode> {
    log_to_stderr(&settings.log)?;
    let metrics = http::install_metrics().context("metrics")?;
    let house = House::open(settings, World::real()?, metrics).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), database = %settings.database.url.redacted(), listen = ?house.address(), "the shop opens");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        signalled().await;
        stop.send_replace(true);
        // Told twice: the operator is in a hurry, and nothing committed is lost.
        signalled().await;
        std::process::exit(130);
    });
    house.run(stopped).await;
    Ok(ExitCode::SUCCESS)
}

/// The tour keeps the program's log, at a level that shows more than the shop's own, to search it.
#[cfg(feature = "demo")]
async fn demo(stay: bool) -> Result<ExitCode> {
    use kiosk::demo::tour::{self, Log, Options};
    use std::io::IsTerminal as _;

    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_env_filter(log_filter("debug")?).with_ansi(false);
    subscriber.with_writer(log.clone()).init();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !plain && std::io::stdout().is_terminal();
    tour::run(Options { stay, folder: std::env::temp_dir(), colour, log }, signalled()).await
}

/// Waits for Ctrl-C or, where there is such a thing, SIGTERM.
async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Libraries that print what they carry stay silent whatever the setting says.
const SILENT: &str =
    "teloxide=off,teloxide_core=off,reqwest=warn,hyper=warn,hyper_util=warn,h2=warn,rustls=warn,sqlx=warn";

fn log_filter(filter: &str) -> Result<EnvFilter> {
    let Ok(filter) = EnvFilter::builder().parse(format!("{filter},{SILENT}")) else {
        bail!("KIOSK_LOG: not a log filter, for example info or kiosk=debug");
    };
    Ok(filter)
}

fn log_to_stderr(filter: &str) -> Result<()> {
    tracing_subscriber::fmt().with_env_filter(log_filter(filter)?).with_writer(std::io::stderr).init();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command line answers on standard output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "errors go to standard error before there is a log")]
fn tell(text: &str) {
    eprintln!("{text}");
}
