#[mfhm::main]
struct Program;

fn main() {}
