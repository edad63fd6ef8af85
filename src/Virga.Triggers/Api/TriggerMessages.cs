using System.Text;
using System.Text.Json;
using Virga.Core.Names;
using Virga.Core.Triggers;
using Virga.Triggers.Runs;

namespace Virga.Triggers.Api;

/// <summary>What nodes ask each other about triggers: <c>tenant/namespace/name</c>; the answer is its figures as JSON, or nothing where it does not run.</summary>
internal static class TriggerMessages
{
    public static ReadOnlyMemory<byte> Ask(TriggerName name) => Encoding.UTF8.GetBytes(name.ToString());

    public static bool TryRead(ReadOnlySpan<byte> request, out TriggerName name)
    {
        name = default;
        var parts = Encoding.UTF8.GetString(request).Split('/');
        if (parts.Length != 3 || !ResourceName.TryParse(parts[0], out var tenant) || !ResourceName.TryParse(parts[1], out var space) || !ResourceName.TryParse(parts[2], out var own))
        {
            return false;
        }

        name = new TriggerName(new Scope(tenant, space), own);
        return true;
    }

    public static ReadOnlyMemory<byte> Write(TriggerFigures? figures) => figures is null ? ReadOnlyMemory<byte>.Empty : JsonSerializer.SerializeToUtf8Bytes(figures, TriggerJson.Default.TriggerFigures);

    public static TriggerFigures? ReadFigures(ReadOnlyMemory<byte> answer) => answer.IsEmpty ? null : JsonSerializer.Deserialize(answer.Span, TriggerJson.Default.TriggerFigures);
}
