using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>The result of reading a key.</summary>
internal readonly record struct FoundValue(bool Exists, WireValue Value, StateVersion Version, WireValue[]? Siblings)
{
    private const byte IsValue = 1;
    private const byte IsUnchanged = 2;
    private const byte AreSiblings = 3;

    public T? As<T>() => Exists ? Value.As<T>() : default;

    /// <summary>Reads the result of the command that <see cref="StateCommand.Get"/> has written.</summary>
    public static FoundValue Read(ref AnswerReader answer, string key, KeptValue? kept, KeptValues values)
    {
        switch (answer.Byte())
        {
            case IsValue:
                StateVersion version = answer.Version();
                WireValue value = answer.Value();
                if (value.Content.Length >= KeptValues.Smallest || kept is not null)
                {
                    values.Keep(new KeptValue(key, version, value));
                }

                return new FoundValue(Exists: true, value, version, Siblings: null);
            case IsUnchanged when kept is not null:
                return new FoundValue(Exists: true, kept.Value, kept.Version, Siblings: null);
            case AreSiblings:
                values.Forget(key);
                StateVersion all = answer.Version();
                var siblings = new WireValue[answer.Count()];
                for (int i = 0; i < siblings.Length; i++)
                {
                    siblings[i] = answer.Value();
                }

                return new FoundValue(Exists: true, siblings[0], all, siblings);
            default:
                values.Forget(key);
                return default;
        }
    }
}
