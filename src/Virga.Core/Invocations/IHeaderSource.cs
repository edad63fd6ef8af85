using System.Text.Json;

namespace Virga.Core.Invocations;

/// <summary>Writes a request's headers straight into the frame that goes to the worker, so that no copy of them is made on the way.</summary>
public interface IHeaderSource
{
    /// <summary>Writes one JSON array <c>["name","value"]</c> per header value, names in lower case, without the array around them.</summary>
    void WriteHeaders(Utf8JsonWriter writer);
}
