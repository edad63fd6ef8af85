using Microsoft.Extensions.Logging.Abstractions;
using Virga.Control.Builds;
using Virga.Control.Packages;
using Virga.Core.Problems;
using Virga.Core.Resources;

namespace Virga.Control.Tests;

/// <summary>Builds by real processes that speak the builders' protocols.</summary>
public sealed class BuildTests : IAsyncDisposable
{
    // Counts its starts, compiles by copying, finds an error where the source says so, and dies or hangs on demand.
    private const string Compiler =
        """
        #!/usr/bin/env node
        const fs = require('fs'), path = require('path'), readline = require('readline');
        fs.appendFileSync(path.join(__dirname, 'starts'), 'x');
        readline.createInterface({ input: process.stdin }).on('line', line => {
          const { id, source, output } = JSON.parse(line);
          const text = fs.readFileSync(path.join(source, 'Hello.cs'), 'utf8');
          if (text === 'die') process.exit(1);
          if (text === 'hang') return;
          if (text === 'wrong') {
            console.log(JSON.stringify({ id, ok: false, diagnostics: [{ file: 'Hello.cs', line: 3, column: 7, id: 'CS1002', message: '; expected' }] }));
            return;
          }
          fs.writeFileSync(path.join(output, 'function.dll'), text);
          console.log(JSON.stringify({ id, ok: true, assembly: 'function.dll' }));
        });
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly PackageStore _packages;
    private readonly CSharpCompiler _compiler;
    private readonly PackageBuilds _builds;

    public BuildTests()
    {
        File.WriteAllText(_folder["compiler"], Compiler);
        File.SetUnixFileMode(_folder["compiler"], (UnixFileMode)0b111_101_101);
        var options = new BuildOptions { CSharpCompilerPath = _folder["compiler"], TypeScriptBuilderPath = Bundler(), Timeout = TimeSpan.FromSeconds(5) };
        _packages = new PackageStore(_folder.Path, new PackageLimits(), TimeProvider.System);
        _packages.Open();
        _compiler = new CSharpCompiler(options, TimeProvider.System, NullLogger<CSharpCompiler>.Instance);
        _builds = new PackageBuilds(_folder.Path, _packages, [new TypeScriptBuilder(options), new CSharpBuilder(options, _compiler)]);
        _builds.Open();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_source_is_compiled_once_and_its_result_is_remembered()
    {
        var source = await AddAsync("Hello.cs", "class A;");
        var built = await _builds.BuildAsync(source, PackageBuild.CSharp, Cancellation);
        built.ShouldNotBe(source);
        (await File.ReadAllTextAsync(Path.Combine(await _packages.GetPathAsync(built, Cancellation), "function.dll"), Cancellation)).ShouldBe("class A;");
        await _compiler.DisposeAsync();
        (await _builds.BuildAsync(source, PackageBuild.CSharp, Cancellation)).ShouldBe(built);
    }

    [Fact]
    public async Task Many_sources_are_compiled_by_one_process()
    {
        await _compiler.WarmUpAsync(Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i => await _builds.BuildAsync(await AddAsync("Hello.cs", $"{i}"), PackageBuild.CSharp, Cancellation)));
        File.ReadAllText(_folder["starts"]).ShouldBe("x");
    }

    [Fact]
    public async Task An_error_in_the_source_is_told_with_its_file_and_line()
    {
        var problem = await FailureOfAsync("Hello.cs", "wrong", PackageBuild.CSharp);
        problem.Slug.ShouldBe("build-failed");
        problem.Detail.ShouldBe("Hello.cs:3:7: CS1002: ; expected");
        problem.Extensions!["diagnostics"].ShouldNotBeNull();
    }

    [Fact]
    public async Task The_detail_of_many_errors_is_the_first_and_how_many_more_there_are()
    {
        var problem = await FailureOfAsync("index.ts", "import './a';\nimport './b';\nimport './c';", PackageBuild.TypeScript);
        problem.Detail.ShouldNotBeNull().ShouldStartWith("index.ts:1:8: ");
        problem.Detail.ShouldEndWith(" (and 2 more errors)");
    }

    [Fact]
    public async Task A_compiler_that_dies_is_started_anew()
    {
        (await FailureOfAsync("Hello.cs", "die", PackageBuild.CSharp)).Slug.ShouldBe("build-failed");
        await _builds.BuildAsync(await AddAsync("Hello.cs", "class A;"), PackageBuild.CSharp, Cancellation);
        File.ReadAllText(_folder["starts"]).ShouldBe("xx");
    }

    [Fact]
    public async Task A_compiler_that_hangs_is_ended_and_started_anew()
    {
        (await FailureOfAsync("Hello.cs", "hang", PackageBuild.CSharp)).Detail.ShouldNotBeNull().ShouldContain("longer than 5 seconds");
        await _builds.BuildAsync(await AddAsync("Hello.cs", "class A;"), PackageBuild.CSharp, Cancellation);
    }

    [Fact]
    public async Task TypeScript_is_bundled_and_its_errors_are_told()
    {
        var built = await _builds.BuildAsync(await AddAsync("index.ts", "export default (a: number) => a;"), PackageBuild.TypeScript, Cancellation);
        File.ReadAllText(Path.Combine(await _packages.GetPathAsync(built, Cancellation), "index.mjs")).ShouldNotContain("number");
        (await FailureOfAsync("index.ts", "let a: = 1", PackageBuild.TypeScript)).Detail.ShouldNotBeNull().ShouldStartWith("index.ts:1:8: ");
    }

    [Fact]
    public async Task Data_beside_TypeScript_is_kept_and_a_folder_that_links_to_itself_is_not_followed()
    {
        using var zip = new ZipBuilder().File("index.ts", "export default 1").File("data/a.txt", "a").Link("data/loop", ".").Link("b.txt", "data/a.txt");
        var source = await _packages.AddZipAsync(zip.Build(), Cancellation);
        var built = await _packages.GetPathAsync(await _builds.BuildAsync(source.Digest, PackageBuild.TypeScript, Cancellation), Cancellation);
        Directory.EnumerateFileSystemEntries(built, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(built, path)).Order()
            .ShouldBe(["b.txt", "data", "data/a.txt", "index.mjs"]);
    }

    [Theory]
    [InlineData(false, "index.mjs", "vitest.config.ts")]
    [InlineData(false, "app.js", "index.ts", "package.json:app.js")]
    [InlineData(true, "index.js", "app.ts", "package.json:app.ts")]
    [InlineData(true, "index.ts", "package.json:index.js")]
    [InlineData(true, "index.mjs", "src/index.ts")]
    [InlineData(true, "anything.ts")]
    [InlineData(false, "types.d.ts", "app.mjs")]
    public void TypeScript_is_bundled_where_it_is_the_function(bool isNeeded, params string[] files)
    {
        var source = Directory.CreateDirectory(_folder["source"]).CreateSubdirectory("src").Parent!.FullName;
        foreach (var file in files.Select(file => file.Split(':')))
        {
            File.WriteAllText(Path.Combine(source, file[0]), file.Length == 1 ? "" : $$"""{"main":"{{file[1]}}"}""");
        }

        new TypeScriptBuilder(new BuildOptions()).IsNeeded(source).ShouldBe(isNeeded);
    }

    [Fact]
    public async Task JavaScript_and_assemblies_are_left_as_they_are()
    {
        var script = await AddAsync("index.mjs", "export default 1");
        (await _builds.BuildAsync(script, PackageBuild.TypeScript, Cancellation)).ShouldBe(script);
        var assembly = await AddAsync("function.dll", "MZ");
        (await _builds.BuildAsync(assembly, PackageBuild.CSharp, Cancellation)).ShouldBe(assembly);
    }

    public async ValueTask DisposeAsync()
    {
        await _compiler.DisposeAsync();
        _folder.Dispose();
    }

    // The runtime's own; `./dev setup` has installed what it needs.
    private static string Bundler()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "virga.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return Path.Combine(folder, "runtimes", "node", "build-typescript.mjs");
    }

    private async Task<string> AddAsync(string file, string text)
    {
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
        return (await _packages.AddFileAsync(file, stream, Cancellation)).Digest;
    }

    private async Task<Problem> FailureOfAsync(string file, string text, PackageBuild kind)
    {
        var source = await AddAsync(file, text);
        return (await Should.ThrowAsync<ProblemException>(() => _builds.BuildAsync(source, kind, Cancellation))).Problem;
    }
}
