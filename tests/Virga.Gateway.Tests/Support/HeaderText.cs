using System.Text;
using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Gateway.Tests.Support;

internal static class HeaderText
{
    /// <summary>The headers that a function would see, as a JSON array.</summary>
    public static string HeadersAsJson(this Invocation invocation)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            invocation.Headers!.WriteHeaders(writer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static string BodyAsText(this Invocation invocation) => Encoding.UTF8.GetString(invocation.Body);
}
