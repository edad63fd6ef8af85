using System.IO.Compression;

namespace Virga.Control.Tests;

/// <summary>Makes zips, good ones and bad ones.</summary>
internal sealed class ZipBuilder : IDisposable
{
    private readonly MemoryStream _bytes = new();
    private readonly ZipArchive _archive;

    public ZipBuilder() => _archive = new ZipArchive(_bytes, ZipArchiveMode.Create, leaveOpen: true);

    public ZipBuilder File(string path, string text = "text", bool executable = false) => Entry(path, text, executable ? 0x81ED : 0x81A4);

    public ZipBuilder Link(string path, string target) => Entry(path, target, 0xA1FF);

    public ZipBuilder Entry(string path, string text, int mode)
    {
        var entry = _archive.CreateEntry(path);
        entry.ExternalAttributes = mode << 16;
        using var content = entry.Open();
        content.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return this;
    }

    public ZipBuilder Zeros(string path, long length)
    {
        using var content = _archive.CreateEntry(path).Open();
        var zeros = new byte[64 * 1024];
        for (var left = length; left > 0; left -= zeros.Length)
        {
            content.Write(zeros, 0, (int)Math.Min(left, zeros.Length));
        }

        return this;
    }

    public MemoryStream Build()
    {
        _archive.Dispose();
        return new MemoryStream(_bytes.ToArray());
    }

    public void Dispose() => _archive.Dispose();
}
