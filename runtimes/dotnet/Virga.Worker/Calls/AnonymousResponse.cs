using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Virga.Functions;

namespace Virga.Worker.Calls;

/// <summary>
/// Reads <c>new { status = 201, body = … }</c> as a response, as the other languages do: an anonymous object that has no
/// other members than <c>status</c>, <c>headers</c> and <c>body</c>.
/// </summary>
internal sealed class AnonymousResponse
{
    private static readonly ConcurrentDictionary<Type, AnonymousResponse?> Known = new();

    private PropertyInfo? status;
    private PropertyInfo? headers;
    private PropertyInfo? body;

    public static Response? From(object value)
    {
        Type type = value.GetType();
        if (!Known.TryGetValue(type, out AnonymousResponse? shape))
        {
            shape = Known.GetOrAdd(type, Describe(type));
        }

        return shape?.Read(value);
    }

    private static AnonymousResponse? Describe(Type type)
    {
        if (!type.IsSealed || !type.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal)
            || !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        {
            return null;
        }

        var shape = new AnonymousResponse();
        foreach (PropertyInfo property in type.GetProperties())
        {
            switch (property.Name)
            {
                case "status" or "Status":
                    shape.status = property;
                    break;
                case "headers" or "Headers":
                    shape.headers = property;
                    break;
                case "body" or "Body":
                    shape.body = property;
                    break;
                default:
                    return null;
            }
        }

        return shape.status is null && shape.headers is null && shape.body is null ? null : shape;
    }

    private Response Read(object value)
    {
        object? code = status?.GetValue(value) ?? 200;
        var response = new Response
        {
            Status = code is int number
                ? number
                : throw new InvalidResponseException($"The response's status is '{code}'; it must be a number from 200 to 599."),
            Body = body?.GetValue(value),
        };
        switch (headers?.GetValue(value))
        {
            case null:
                break;
            case IEnumerable<KeyValuePair<string, string>> pairs:
                foreach ((string name, string text) in pairs)
                {
                    response.Headers.Add(name, text);
                }

                break;
            case { } other:
                foreach (PropertyInfo property in other.GetType().GetProperties())
                {
                    response.Headers.Add(property.Name.Replace('_', '-'), property.GetValue(other)?.ToString() ?? string.Empty);
                }

                break;
        }

        return response;
    }
}
