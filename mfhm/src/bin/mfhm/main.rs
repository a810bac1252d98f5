//! The command-line program `mfhm`: a service center and its tokens, certificates,
//! calls by name, instances that shall leave, and the comparison of documents.

mod call;
mod center;
mod check;
mod drain;
mod duration;
mod operator;
#[cfg(feature = "tls-dev")]
mod tls;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Service center and its tokens, calls by name, instances that shall leave, and what a
/// change means to callers.
#[derive(Debug, Parser)]
#[command(name = "mfhm", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a service center until SIGTERM or Ctrl-C
    Center(center::Arguments),
    /// Makes, lists and revokes the tokens of a center
    Token(token::Arguments),
    /// Makes certificates for mutual TLS
    #[cfg(feature = "tls-dev")]
    Tls(tls::Arguments),
    /// Calls an operation of a service that the center knows
    Call(call::Arguments),
    /// Has an instance of a service leave
    Drain(drain::Arguments),
    /// Says which changes of a service break its callers
    Check(check::Arguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    mfhm::__private::init_log(match &cli.command {
        Command::Center(arguments) if arguments.is_run() => "info",
        Command::Center(_) => "warn",
        // What is printed is what is asked for.
        _ => "off",
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failure(&error),
    };
    runtime.block_on(async {
        match cli.command {
            Command::Center(arguments) => match center::run(arguments).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failure(&error),
            },
            Command::Token(arguments) => match token::run(arguments) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failure(&error),
            },
            #[cfg(feature = "tls-dev")]
            Command::Tls(arguments) => tls::run(arguments),
            Command::Call(arguments) => call::run(arguments).await,
            Command::Drain(arguments) => drain::run(arguments).await,
            Command::Check(arguments) => check::run(arguments).await,
        }
    })
}

/// Prints an error with its causes.
fn failure(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("mfhm: {}", chain(error));
    ExitCode::FAILURE
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
