/// Starts everything.
fn main() -> ::std::process::ExitCode {
    async fn __mfhm_main() -> mfhm::Result<()> {
        mfhm::run().await
    }
    ::mfhm::__private::run_main(
        ::mfhm::__private::Runtime {
            worker_threads: ::core::option::Option::Some(2usize),
            current_thread: false,
            log: ::core::option::Option::None,
        },
        __mfhm_main(),
    )
}
