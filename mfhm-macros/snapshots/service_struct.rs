#[mfhm::service(name = "service01", port = 30176)]
struct Service01;

/// Documented.
#[mfhm::service(name = "service02")]
pub struct Service02;
