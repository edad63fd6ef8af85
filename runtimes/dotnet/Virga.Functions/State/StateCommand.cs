using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>How the commands of shared state are written: see docs/worker-protocol.md, "State commands".</summary>
internal static class StateCommand
{
    private const byte StateRequest = 1;
    private const byte WithVersion = 1;
    private const byte HasVersion = 2;
    private const byte WithTimeToLive = 1;
    private const byte WithCondition = 2;

    /// <summary>A request of so many commands, which follow.</summary>
    public static RequestWriter Begin(int count = 1)
    {
        RequestWriter request = RequestWriter.Rent();
        request.Byte(StateRequest);
        request.Varint((ulong)count);
        return request;
    }

    public static void Get(RequestWriter request, string key, KeptValue? kept)
    {
        request.Byte(0x01);
        request.Text(key);

        // Every value comes with its version: with it the node can say next time that the value still holds.
        request.Byte(kept is null ? WithVersion : (byte)(WithVersion | HasVersion));
        kept?.Version.WriteTo(request);
    }

    public static void Put<T>(RequestWriter request, string key, T value, TimeSpan? timeToLive, StateVersion? ifVersion)
    {
        request.Byte(0x02);
        request.Text(key);
        request.Byte((byte)((timeToLive is null ? 0 : WithTimeToLive) | (ifVersion is null ? 0 : WithCondition)));
        request.Value(value);
        if (timeToLive is { } time)
        {
            request.Varint((ulong)Math.Max(1, (long)time.TotalMilliseconds));
        }

        ifVersion?.WriteTo(request);
    }

    public static void Delete(RequestWriter request, string key)
    {
        request.Byte(0x03);
        request.Text(key);
    }

    public static void List(RequestWriter request, string prefix, string after, int limit)
    {
        request.Byte(0x04);
        request.Text(prefix);
        request.Text(after);
        request.Varint((ulong)limit);
    }

    public static void Watch(RequestWriter request, string prefix, ulong cursor, TimeSpan patience, int limit)
    {
        request.Byte(0x05);
        request.Text(prefix);
        request.Varint(cursor);
        request.Varint((ulong)patience.TotalMilliseconds);
        request.Varint((ulong)limit);
    }

    public static void Update(RequestWriter request, string key, object update)
    {
        request.Byte(0x06);
        request.Text(key);
        request.Json(update);
    }

    public static void Query(RequestWriter request, string key, object query)
    {
        request.Byte(0x07);
        request.Text(key);
        request.Json(query);
    }

    public static void Increment(RequestWriter request, string key, long amount)
    {
        request.Byte(0x08);
        request.Text(key);
        request.Signed(amount);
    }
}
