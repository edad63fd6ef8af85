namespace Virga.State.Binary;

/// <summary>The numbers of Max, Min and scores: IEEE 754 doubles, of which each number has one form.</summary>
internal static class NumberEncoding
{
    /// <summary>Reads a number.</summary>
    /// <exception cref="StateEncodingException">It is infinite, none, or the negative zero.</exception>
    public static double Read(ref ByteReader reader)
    {
        var value = reader.ReadDouble();
        return double.IsFinite(value) && !(value == 0 && double.IsNegative(value)) ? value : throw new StateEncodingException("A number is infinite, or none.");
    }
}
