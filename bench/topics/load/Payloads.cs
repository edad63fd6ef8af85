using System.Text;

namespace Virga.Bench.Topics.Load;

/// <summary>What messages carry.</summary>
internal static class Payloads
{
    /// <summary>Bytes that do not compress, the same in each run.</summary>
    public static byte[] Random(int size)
    {
        var bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    /// <summary>An object of about that size, as functions get it.</summary>
    public static byte[] Json(int size)
    {
        const string frame = """{"id":12345,"text":""}""";
        return Encoding.UTF8.GetBytes($$"""{"id":12345,"text":"{{new string('x', Math.Max(0, size - frame.Length))}}"}""");
    }
}
