using Virga.Core.Names;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;

namespace Virga.State.Tests.Support;

/// <summary>Short ways to say keys and values.</summary>
internal static class Values
{
    public static StateKey Key(string text) => new(Scope.Default, text);

    public static PutMutation Put(string text, TimeSpan? timeToLive = null) => new(Payload.Of(PayloadTag.Text, System.Text.Encoding.UTF8.GetBytes(text)), timeToLive);

    public static string? TextOf(StateRecord? record) => record?.Value is LwwRegister register ? System.Text.Encoding.UTF8.GetString(register.Payload.Content.Span) : null;

    public static long CountOf(StateRecord? record) => record?.Value is CounterLattice counter ? counter.Value : 0;
}
