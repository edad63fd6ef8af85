namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node whose data folder is on a disk of 12 MB, of memory, where the user may mount one.</summary>
public sealed class SmallDiskNode : VirgaNode
{
    /// <summary>Why there is no such disk; null when there is one.</summary>
    public string? Missing { get; private set; }

    private string FillerPath => Path.Combine(Data, "filler");

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Data);
        var mounted = await SystemCommand.RunAsync("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", Data);
        if (mounted.Code != 0)
        {
            Missing = $"A disk of memory cannot be mounted here: {mounted.Error.Trim()}";
            return;
        }

        await base.InitializeAsync();
    }

    /// <summary>Takes up all the room that is left.</summary>
    public void FillDisk()
    {
        using var filler = new FileStream(FillerPath, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size >= 1; size /= 2)
        {
            FillWith(filler, new byte[size]);
        }
    }

    /// <summary>Gives the room back.</summary>
    public void FreeDisk() => File.Delete(FillerPath);

    /// <inheritdoc/>
    protected override async Task EndedForGoodAsync()
    {
        if (Missing is null)
        {
            (await SystemCommand.RunAsync("umount", Data)).ShouldSucceed();
        }
    }

    private static void FillWith(FileStream filler, byte[] piece)
    {
        try
        {
            while (true)
            {
                filler.Write(piece);
            }
        }
        catch (IOException)
        {
            // No room for a piece of this size: that is the purpose.
            return;
        }
    }
}
