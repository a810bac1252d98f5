//! `mfhm token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use mfhm::{TokenEntry, TokenGrant, Tokens};

/// Tokens say who may do what at a center. A center that runs notices changes at once,
/// and once it has a token it asks everybody for one.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token and prints it, once: only its digest is kept
    New(New),
    /// Lists the tokens, without their secrets
    List(Place),
    /// Takes a token back
    Revoke {
        /// The first column of `mfhm token list`
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
struct New {
    /// A service that the bearer may be; may be given several times. With the scope register
    /// this or --all is needed
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    name: Vec<String>,
    /// The bearer may be any service
    #[arg(long)]
    all: bool,
    /// What the bearer may do; each scope includes those before it
    #[arg(long, value_enum, default_value = "register")]
    scope: Scope,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Place {
    /// The center's data directory
    #[arg(long, default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
enum Scope {
    /// Look services up and watch them
    Read,
    /// Register the named services
    Register,
    /// Everything
    Operate,
}

impl From<Scope> for mfhm::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Register => Self::Register,
            Scope::Operate => Self::Operate,
        }
    }
}

pub(crate) fn run(arguments: Arguments) -> mfhm::Result<()> {
    match arguments.command {
        Command::New(new) => make(new),
        Command::List(place) => {
            for token in Tokens::in_dir(place.data_dir).list()? {
                println!("{}", line(&token));
            }
            Ok(())
        }
        Command::Revoke { id, place } => revoke(&id, place),
    }
}

fn make(new: New) -> mfhm::Result<()> {
    let grant = TokenGrant::new(new.scope.into());
    let grant = new.name.into_iter().fold(grant, TokenGrant::name);
    let grant = if new.all { grant.all_names() } else { grant };
    let tokens = Tokens::in_dir(new.place.data_dir);
    let is_first = !tokens.file().exists();
    let issued = tokens.issue(grant)?;
    // Alone on standard output, so that it can go into a file.
    println!("{}", issued.token);
    eprintln!(
        "mfhm: this is token {}; it is shown once. Services and callers take it from MFHM_TOKEN_FILE \
         or MFHM_TOKEN.",
        issued.id
    );
    if is_first {
        eprintln!("mfhm: from now on the center asks everybody for a token.");
    }
    Ok(())
}

fn revoke(id: &str, place: Place) -> mfhm::Result<()> {
    let tokens = Tokens::in_dir(place.data_dir);
    if !tokens.revoke(id)? {
        return Err(mfhm::Error::new(format!(
            "there is no token {id:?} in {}; `mfhm token list` shows those that there are",
            tokens.file().display()
        )));
    }
    if tokens.list()?.is_empty() {
        eprintln!(
            "mfhm: no token is left, and nobody comes in to the center until there is one. To open \
             it again, remove {} and start the center once with --forget-tokens.",
            tokens.file().display()
        );
    }
    Ok(())
}

fn line(token: &TokenEntry) -> String {
    let names = match token.names() {
        _ if token.all_names() => "all".to_owned(),
        [] => "-".to_owned(),
        names => names.join(","),
    };
    let created = humantime::format_rfc3339_seconds(token.created());
    format!("{}  {created}  {:8}  {names}", token.id, token.scope())
}
