//! Plugins are compiled in a short-lived process of this same program, with limits of its own: a component that takes
//! memory or time without end takes it there, and the daemon goes on.

use nix::sys::resource::{Resource, setrlimit};
pub use provost_sandbox::Compiler;
use provost_sandbox::limits::{COMPILED_BYTES_MAX, COMPONENT_BYTES_MAX};
use provost_sandbox::{CodeForm, Compile};
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// The hidden command by which this program is started as a compiler.
pub(crate) const COMMAND: &str = "compile-plugin";

/// Memory of the compiler. The unit grants 1 GiB to service and compiler together. Address space is no measure: the
/// engine reserves tens of GiB that it never touches.
const MEMORY_BYTES: u64 = 768 << 20;

/// For the compiler's allocator: address space that it has given up is given back, for the limit counts what it has mapped
/// and not what it uses. A JavaScript component of 12 MB takes 400 MiB; kept, twice as much were mapped.
const ALLOCATOR: (&str, &str) = ("_RJEM_MALLOC_CONF", "retain:false");

/// Processor time of the compiler, summed over its threads. A Python component takes some 30 s.
const CPU_SECONDS: u64 = 150;

/// Wall-clock time of the compiler. The start of the service is given more, whatever its unit says.
pub(crate) const TIME: Duration = Duration::from_secs(100);

/// Bytes of what it says when it fails.
const SAID_BYTES_MAX: u64 = 4096;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler could not be started or talked to.
    #[error("{what} the compiler's process")]
    Process {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The compiler refused it.
    #[error("{0}")]
    Refused(String),
    /// It took too much memory.
    #[error("compiling takes more than {} MiB of memory", MEMORY_BYTES >> 20)]
    Memory,
    /// It took too long.
    #[error("compiling takes more than {} s", TIME.as_secs())]
    Time,
    /// What was compiled is larger than any form may be.
    #[error("the compiled form has more than {} MiB", COMPILED_BYTES_MAX >> 20)]
    TooLarge,
    /// It ended otherwise.
    #[error("the compiler ended with {0}")]
    Ended(ExitStatus),
}

/// Starts this program as a compiler for each component.
#[derive(Debug)]
struct Apart;

/// Compiles in processes of this program. Only for the program itself: a test's binary is no compiler.
pub fn apart() -> Compiler {
    Compiler::Apart(Arc::new(Apart))
}

impl Compile for Apart {
    fn compile(
        &self,
        form: CodeForm,
        component: &[u8],
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        crate::systemd::compiling(2 * TIME);
        Ok(compiled(form, component.to_vec())?)
    }
}

fn process(what: &'static str) -> impl Fn(io::Error) -> CompileError {
    move |source| CompileError::Process { what, source }
}

fn compiled(form: CodeForm, component: Vec<u8>) -> Result<Vec<u8>, CompileError> {
    // The very file that runs, also after another was installed in its place: the two compilers must be the same.
    let mut child = Command::new("/proc/self/exe")
        .arg0("provost")
        .args([COMMAND, form.word()])
        .env_clear()
        .envs([ALLOCATOR])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(process("start"))?;
    let written = write_to(&mut child, component);
    let said = read_from(child.stderr.take(), SAID_BYTES_MAX);
    let (done, form) = sync_channel(1);
    let output = child.stdout.take();
    let reader = thread::spawn(move || {
        // Nobody waits any more if it took too long.
        let _ = done.send(read_all(output, COMPILED_BYTES_MAX + 1));
    });
    let form = form.recv_timeout(TIME);
    if !matches!(form, Ok(Ok(_))) {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let ended = child.wait().map_err(process("wait for"))?;
    // What the process had open is closed now, so that all three end.
    let (_, _) = (written.join(), reader.join());
    let said = said.join().unwrap_or_default();
    match form {
        Err(RecvTimeoutError::Timeout) => Err(CompileError::Time),
        Err(RecvTimeoutError::Disconnected) => Err(CompileError::Ended(ended)),
        Ok(Err(source)) => Err(process("read from")(source)),
        Ok(Ok(form)) if form.len() as u64 > COMPILED_BYTES_MAX => Err(CompileError::TooLarge),
        Ok(Ok(form)) if ended.success() => Ok(form),
        Ok(Ok(_)) => Err(failure(ended, &said)),
    }
}

fn write_to(child: &mut Child, component: Vec<u8>) -> thread::JoinHandle<()> {
    let input = child.stdin.take();
    thread::spawn(move || {
        // A compiler that ends early says why by itself.
        let _ = input.map(|mut input| input.write_all(&component));
    })
}

fn read_all(from: Option<impl Read>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn read_from(from: Option<impl Read + Send + 'static>, most: u64) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let said = read_all(from, most).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// What an unsuccessful end means.
fn failure(ended: ExitStatus, said: &str) -> CompileError {
    let signal = ended.signal();
    let is = |wanted: nix::sys::signal::Signal| signal == Some(wanted as i32);
    use nix::sys::signal::Signal::{SIGABRT, SIGKILL, SIGXCPU};
    if is(SIGXCPU) {
        CompileError::Time
    } else if is(SIGKILL) || (is(SIGABRT) && said.contains("memory allocation")) {
        // Killed by nobody but the kernel, when the machine or the service has no more.
        CompileError::Memory
    } else if ended.code() == Some(1) {
        CompileError::Refused(provost_sandbox::printable(said.trim()))
    } else {
        CompileError::Ended(ended)
    }
}

/// `provost compile-plugin FORM`: a component from standard input, its compiled form to standard output.
///
/// # Errors
/// [`CompileError`] if the limits cannot be set, or the component cannot be compiled.
pub fn run(form: CodeForm) -> Result<(), CompileError> {
    // If memory is short, the kernel is to end this process and not the daemon. It may always offer itself.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let limits = [
        (Resource::RLIMIT_DATA, MEMORY_BYTES, MEMORY_BYTES),
        // The signal of the soft limit names the reason; that of the hard one does not.
        (Resource::RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1),
        (Resource::RLIMIT_CORE, 0, 0),
        (Resource::RLIMIT_FSIZE, 0, 0),
    ];
    for (resource, soft, hard) in limits {
        setrlimit(resource, soft, hard).map_err(|why| process("limit")(why.into()))?;
    }
    let component = read_all(Some(io::stdin().lock()), COMPONENT_BYTES_MAX as u64 + 1);
    let component = component.map_err(process("read from"))?;
    let form = provost_sandbox::compile(form, &component)
        .map_err(|why| CompileError::Refused(crate::live::chain(why.as_ref())))?;
    let mut output = io::stdout().lock();
    output
        .write_all(&form)
        .and_then(|()| output.flush())
        .map_err(process("write to"))
}
