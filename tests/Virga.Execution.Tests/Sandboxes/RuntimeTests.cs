using System.Globalization;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>The language runtimes run under the filter and the limits.</summary>
public sealed class RuntimeTests(SandboxFixture sandboxes) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task Python_runs_with_threads_subprocesses_and_shared_memory()
    {
        const string program =
            """
            import threading, subprocess, multiprocessing.shared_memory, asyncio
            t = threading.Thread(target=lambda: print("thread", flush=True)); t.start(); t.join()
            print(subprocess.run(["echo", "child"], capture_output=True, text=True).stdout, end="", flush=True)
            m = multiprocessing.shared_memory.SharedMemory(create=True, size=4096); m.close(); m.unlink()
            asyncio.run(asyncio.sleep(0)); print("done")
            """;

        (await sandboxes.PrintedAsync(sandboxes.PythonSpec(program))).ShouldBe("thread\nchild\ndone\n");
    }

    [Fact]
    public async Task Node_runs_with_worker_threads_and_subprocesses()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/node"), "node is not installed");
        const string program =
            """
            const { Worker } = require('worker_threads');
            new Worker("require('worker_threads').parentPort.postMessage('thread')", { eval: true }).on('message', m => {
              console.log(m, require('child_process').execSync('echo child').toString().trim());
            });
            """;

        (await sandboxes.PrintedAsync(sandboxes.Spec("/usr/bin/node", "-e", program))).ShouldBe("thread child\n");
    }

    [Fact]
    public async Task Dotnet_runs()
    {
        (string program, IReadOnlyList<ReadOnlyMount> mounts) = InterpreterMounts.For(Machine.DotnetProgram);
        var spec = sandboxes.Spec(program, "/app/Virga.Execution.Tests.dll", "-list", "classes") with
        {
            Mounts = [.. mounts, new ReadOnlyMount(AppContext.BaseDirectory, "/app")],
            MemoryBytes = 512L << 20,
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" },
        };

        (await sandboxes.PrintedAsync(spec)).ShouldContain(nameof(RuntimeTests));
    }

    [Fact]
    public async Task A_worker_gets_the_cpu_that_it_was_given_and_no_more()
    {
        Assert.SkipUnless(sandboxes.Host.Capabilities.Cgroups.Cpu, "needs the cpu controller");
        const string spin =
            """
            import time
            cpu, wall = time.process_time(), time.monotonic()
            while time.monotonic() < wall + 1: pass
            print(time.process_time() - cpu)
            """;

        double used = double.Parse(await sandboxes.PrintedAsync(sandboxes.PythonSpec(spin) with { Cpu = 0.25 }), CultureInfo.InvariantCulture);

        used.ShouldBeLessThan(0.6, "a quarter of a core and what was saved up");
    }
}
