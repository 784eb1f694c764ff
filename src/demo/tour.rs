//! The guided tour.
use std::process::ExitCode;
/// Runs it.
pub async fn run(_stay: bool) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
