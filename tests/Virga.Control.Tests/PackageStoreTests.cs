using Virga.Control.Packages;
using Virga.Core.Problems;

namespace Virga.Control.Tests;

public sealed class PackageStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_files_are_one_package_however_they_were_packed()
    {
        var store = Open();
        var one = await AddAsync(store, new ZipBuilder().File("a.js", "1").File("lib/b.js", "2"));
        var other = await AddAsync(store, new ZipBuilder().Entry("lib/", "", 0x41ED).File("lib/b.js", "2").File("a.js", "1"));
        other.Digest.ShouldBe(one.Digest);
        Directory.GetDirectories(_folder["packages/sha256"]).Length.ShouldBe(1);
        (await AddAsync(store, new ZipBuilder().File("a.js", "1", executable: true).File("lib/b.js", "2"))).Digest.ShouldNotBe(one.Digest);
    }

    [Fact]
    public async Task Files_keep_their_executable_bit_and_are_readable_for_everyone()
    {
        var store = Open();
        var package = await AddAsync(store, new ZipBuilder().File("bin/run", "#!/bin/sh", executable: true).File("README").File("readme").Link("bin/go", "run"));
        var path = await store.GetPathAsync(package.Digest, Cancellation);
        File.GetUnixFileMode(Path.Combine(path, "bin/run")).ShouldBe((UnixFileMode)0b111_101_101);
        File.GetUnixFileMode(Path.Combine(path, "README")).ShouldBe((UnixFileMode)0b110_100_100);
        File.GetUnixFileMode(Path.Combine(path, "bin")).ShouldBe((UnixFileMode)0b111_101_101);
        new FileInfo(Path.Combine(path, "bin/go")).LinkTarget.ShouldBe("run");
        package.Files.ShouldBe(4);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("C:/evil")]
    [InlineData("..\\evil")]
    [InlineData("a\nb")]
    public async Task A_path_that_is_not_plain_is_refused(string path) => (await RefusedAsync(new ZipBuilder().File("ok").File(path))).Slug.ShouldBe("invalid-package");

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("lib/../../x")]
    [InlineData("deep/../..")]
    [InlineData("self")]
    [InlineData("")]
    public async Task A_link_that_leads_out_or_in_circles_is_refused(string target) =>
        (await RefusedAsync(new ZipBuilder().File("ok").Link("d/e/deep", ".").Link("self", target))).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task A_link_that_looks_inside_but_leads_out_through_another_link_is_refused() =>
        (await RefusedAsync(new ZipBuilder().Link("d/e/x", "../..").Link("y", "d/e/x/..").File("ok"))).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task A_file_that_would_be_written_through_a_link_is_refused() =>
        (await RefusedAsync(new ZipBuilder().Link("out", "lib").File("out/file"))).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task An_entry_that_stands_twice_is_refused() => (await RefusedAsync(new ZipBuilder().File("a").File("a"))).Detail.ShouldNotBeNull().ShouldContain("twice");

    [Fact]
    public async Task A_device_is_refused() => (await RefusedAsync(new ZipBuilder().Entry("null", "", 0x21B6))).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task A_zip_without_files_is_refused() => (await RefusedAsync(new ZipBuilder())).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task A_zip_bomb_is_refused_while_it_unpacks() => (await RefusedAsync(new ZipBuilder().Zeros("zeros", 8 << 20))).Slug.ShouldBe("invalid-package");

    [Fact]
    public async Task What_unpacks_to_more_than_the_limit_is_refused()
    {
        var store = Open(new PackageLimits { MaxUnpackedBytes = 10 });
        using var zip = new ZipBuilder().File("a", "123456").File("b", "123456");
        (await Should.ThrowAsync<ProblemException>(() => AddAsync(store, zip))).Problem.Slug.ShouldBe("package-too-large");
        Directory.GetFileSystemEntries(_folder["packages/incoming"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task More_entries_than_the_limit_are_refused()
    {
        using var zip = new ZipBuilder().File("a").File("b").File("c");
        (await Should.ThrowAsync<ProblemException>(() => AddAsync(Open(new PackageLimits { MaxEntries = 2 }), zip))).Problem.Status.ShouldBe(413);
    }

    [Fact]
    public async Task Entries_are_counted_whatever_the_zip_says_of_their_number()
    {
        using var zip = new ZipBuilder().File("a").File("b").File("c");
        var bytes = zip.Build().ToArray();
        bytes[^12] = bytes[^14] = 1;
        using var lying = new MemoryStream(bytes);
        (await Should.ThrowAsync<ProblemException>(() => Open(new PackageLimits { MaxEntries = 2 }).AddZipAsync(lying, Cancellation))).Problem.Status.ShouldBe(413);
    }

    [Fact]
    public async Task A_zip_of_more_entries_than_the_short_form_counts_is_taken()
    {
        using var zip = new ZipBuilder();
        for (var i = 0; i <= ushort.MaxValue; i++)
        {
            zip.Entry($"{i}/", "", 0x41ED);
        }

        var bytes = zip.File("a").Build();
        (await Open().AddZipAsync(bytes, Cancellation)).Files.ShouldBe(1);
        bytes.Position = 0;
        (await Should.ThrowAsync<ProblemException>(() => Open(new PackageLimits { MaxEntries = ushort.MaxValue }).AddZipAsync(bytes, Cancellation))).Problem.Status.ShouldBe(413);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(80)]
    public async Task What_is_no_whole_zip_is_refused(int length)
    {
        using var zip = new ZipBuilder().File("a.js", "some text that is long enough");
        using var torn = new MemoryStream(zip.Build().ToArray()[..length]);
        (await Should.ThrowAsync<ProblemException>(() => Open().AddZipAsync(torn, Cancellation))).Problem.Slug.ShouldBe("invalid-package");
    }

    [Fact]
    public async Task The_same_package_can_be_uploaded_many_times_at_once()
    {
        var store = Open();
        var digests = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () => (await AddAsync(store, new ZipBuilder().File("a").File("b"))).Digest, Cancellation)));
        digests.Distinct(StringComparer.Ordinal).Count().ShouldBe(1);
        Directory.GetFileSystemEntries(_folder["packages/incoming"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_an_earlier_process_left_half_done_is_removed()
    {
        Directory.CreateDirectory(_folder["packages/incoming/old/files"]);
        await File.WriteAllTextAsync(_folder["packages/incoming/old/files/a"], "", Cancellation);
        Open();
        Directory.GetFileSystemEntries(_folder["packages/incoming"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_package_that_is_not_there_is_said_to_be_missing() =>
        (await Should.ThrowAsync<ProblemException>(async () => await Open().GetPathAsync("sha256:" + new string('0', 64), Cancellation))).Problem.Slug.ShouldBe("not-found");

    public void Dispose() => _folder.Dispose();

    private static async Task<PackageInfo> AddAsync(PackageStore store, ZipBuilder zip)
    {
        using var stream = zip.Build();
        return await store.AddZipAsync(stream, Cancellation);
    }

    private async Task<Problem> RefusedAsync(ZipBuilder zip)
    {
        var store = Open();
        var problem = (await Should.ThrowAsync<ProblemException>(() => AddAsync(store, zip))).Problem;
        Directory.GetFileSystemEntries(_folder["packages/sha256"]).ShouldBeEmpty();
        Directory.GetFileSystemEntries(_folder["packages/incoming"]).ShouldBeEmpty();
        return problem;
    }

    private PackageStore Open(PackageLimits? limits = null)
    {
        var store = new PackageStore(_folder.Path, limits ?? new PackageLimits(), TimeProvider.System);
        store.Open();
        return store;
    }
}
