using System.IO.Compression;
using Virga.Cli.Failures;
using Virga.Cli.Packaging;
using Virga.Cli.Tests.Support;

namespace Virga.Cli.Tests;

public sealed class PackageArchiveSpecifications : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Equal_files_give_equal_bytes()
    {
        _folder.Write("a/index.mjs", "1");
        _folder.Write("a/lib/b.mjs", "2");
        _folder.Write("b/lib/b.mjs", "2");
        _folder.Write("b/index.mjs", "1");
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, "a/index.mjs"), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        var first = PackageArchive.Pack(Path.Combine(_folder.Path, "a"));
        var second = PackageArchive.Pack(Path.Combine(_folder.Path, "b"));

        second.Zip.ToArray().ShouldBe(first.Zip.ToArray());
        second.Digest.ShouldBe(first.Digest);
    }

    [Fact]
    public void What_is_ignored_and_what_is_never_wanted_stays_out()
    {
        foreach (var file in (string[])["index.mjs", "notes.md", "docs/keep.md", "build/x.js", "src/build/y.js", ".git/HEAD", ".virga/db", "__pycache__/a.pyc", "bin/tool.js"])
        {
            _folder.Write(file);
        }

        _folder.Write(".virgaignore", "# notes\n*.md\n!docs/keep.md\n/build/\n");

        Names().ShouldBe(["bin/tool.js", "docs/keep.md", "index.mjs", "src/build/y.js"]);
    }

    [Fact]
    public void Build_output_beside_csharp_sources_stays_out()
    {
        foreach (var file in (string[])["Function.cs", "bin/Debug/x.dll", "obj/x.json"])
        {
            _folder.Write(file);
        }

        Names().ShouldBe(["Function.cs"]);
    }

    [Fact]
    public void An_executable_stays_executable()
    {
        var file = _folder.Write("run", "#!/bin/sh");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        using var zip = Open(PackageArchive.Pack(file));

        (zip.Entries[0].ExternalAttributes >> 16 & 0x49).ShouldBe(0x49);
    }

    [Fact]
    public void A_zip_file_is_passed_as_it_is()
    {
        _folder.Write("code/index.mjs");
        var file = Path.Combine(_folder.Path, "code.zip");
        ZipFile.CreateFromDirectory(Path.Combine(_folder.Path, "code"), file);

        PackageArchive.Pack(file).Zip.ToArray().ShouldBe(File.ReadAllBytes(file));
    }

    [Fact]
    public void A_zip_file_that_is_none_is_refused() =>
        Should.Throw<UsageException>(() => PackageArchive.Pack(_folder.Write("code.zip", "no zip"))).Message.ShouldContain("no zip file");

    [Fact]
    public void A_package_is_known_by_its_content_as_the_node_knows_it()
    {
        // sha256 of "f\0index.mjs\0" + sha256("x") + "\n".
        var content = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("x"u8));
        var line = System.Text.Encoding.UTF8.GetBytes($"f\0index.mjs\0{content}\n");

        PackageArchive.Pack(_folder.Write("index.mjs")).Digest.ShouldBe("sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(line)));
    }

    [Fact]
    public void A_link_within_the_folder_becomes_the_file_that_it_names()
    {
        _folder.Write("lib/a.mjs", "1");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "b.mjs"), "lib/a.mjs");

        Names().ShouldBe(["b.mjs", "lib/a.mjs"]);
    }

    [Theory]
    [InlineData("/etc/hostname", "leads out of the folder")]
    [InlineData("../../", "leads out of the folder")]
    [InlineData("nowhere", "leads to nothing")]
    [InlineData(".", "leads to a folder that it is in")]
    [InlineData("..", "leads to a folder that it is in")]
    public void A_link_that_cannot_be_packed_is_refused(string target, string message)
    {
        _folder.Write("project/lib/index.mjs");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "project/lib/link"), target);

        Should.Throw<UsageException>(() => PackageArchive.Pack(Path.Combine(_folder.Path, "project"))).Message.ShouldContain(message);
    }

    [Fact]
    public void Links_that_lead_to_each_other_are_refused()
    {
        _folder.Write("a/index.mjs");
        _folder.Write("b/index.mjs");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "a/x"), "../b");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "b/y"), "../a");

        Should.Throw<UsageException>(() => PackageArchive.Pack(_folder.Path)).Message.ShouldContain("leads to a folder that it is in");
    }

    [Fact]
    public void An_empty_folder_is_refused() =>
        Should.Throw<UsageException>(() => PackageArchive.Pack(_folder.Path)).Message.ShouldContain("has no file to deploy");

    private static ZipArchive Open(PackageArchive archive) => new(new MemoryStream(archive.Zip.ToArray()));

    private IEnumerable<string> Names()
    {
        using var zip = Open(PackageArchive.Pack(_folder.Path));
        return [.. zip.Entries.Select(entry => entry.FullName)];
    }
}
