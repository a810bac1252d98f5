fn main() -> ::std::process::ExitCode {
    async fn __mfhm_main() {
        work().await
    }
    reexported::mfhm::__private::run_main(
        reexported::mfhm::__private::Runtime {
            worker_threads: ::core::option::Option::None,
            current_thread: true,
            log: ::core::option::Option::None,
        },
        __mfhm_main(),
    )
}
