namespace Virga.Topics.Schemas.Avro;

/// <summary>
/// Whether a reader's schema can read what a writer's has written, by Avro's rules of schema resolution (https://avro.apache.org/docs/1.11.1/specification/#schema-resolution). Pure.
/// </summary>
internal sealed class AvroResolution
{
    // Types may refer to others in a long chain, and unions ask for each of their branches; what no person has written is not looked at to its end.
    private const int MaxDepth = 200;
    private const int MaxSteps = 100_000;

    // Pairs that are being looked at or were found good, in their order: a record that contains itself is good if all else of it is.
    private readonly HashSet<(AvroType Reader, AvroType Writer)> _seen = [];
    private readonly List<(AvroType Reader, AvroType Writer)> _order = [];
    private int _depth;
    private int _steps;

    private AvroResolution()
    {
    }

    /// <summary>Why the reader cannot read all that the writer may write, and where; null when it can.</summary>
    public static string? Obstacle(AvroType reader, AvroType writer) => new AvroResolution().Find(reader, writer, "");

    private string? Find(AvroType reader, AvroType writer, string at)
    {
        if (_depth >= MaxDepth || ++_steps > MaxSteps)
        {
            return $"{Place(at)}the schema is too complicated";
        }

        if (!_seen.Add((reader, writer)))
        {
            return null;
        }

        var begun = _order.Count;
        _order.Add((reader, writer));
        _depth++;
        var found = Compare(reader, writer, at);
        _depth--;
        if (found is not null)
        {
            // What was found good inside of it may have been so only if this were.
            foreach (var pair in _order[begun..])
            {
                _seen.Remove(pair);
            }

            _order.RemoveRange(begun, _order.Count - begun);
        }

        return found;
    }

    private string? Compare(AvroType reader, AvroType writer, string at)
    {
        if (writer.Kind == AvroKind.Union)
        {
            // Whichever branch was written.
            return writer.Parts.Select(branch => Find(reader, branch, at)).FirstOrDefault(static obstacle => obstacle is not null);
        }

        if (reader.Kind == AvroKind.Union)
        {
            return reader.Parts.Any(branch => Find(branch, writer, at) is null) ? null : $"{Place(at)}no branch of the union takes {writer}";
        }

        if (reader.Kind != writer.Kind)
        {
            return IsPromoted(writer.Kind, reader.Kind) ? null : $"{Place(at)}{writer} cannot be read as {reader}";
        }

        if (reader.Name != writer.Name && !reader.Aliases.Contains(writer.Name, StringComparer.Ordinal))
        {
            return $"{Place(at)}{writer} is not {reader}";
        }

        return reader.Kind switch
        {
            AvroKind.Record => CompareFields(reader, writer, at),
            AvroKind.Enum => reader.HasDefault || writer.Symbols.FirstOrDefault(symbol => !reader.Symbols.Contains(symbol)) is not { } unknown ? null : $"{Place(at)}{reader} has no symbol '{unknown}' and no default",
            AvroKind.Fixed => reader.Size == writer.Size ? null : $"{Place(at)}{reader} has {reader.Size} bytes instead of {writer.Size}",
            AvroKind.Array => Find(reader.Parts[0], writer.Parts[0], $"{at}[]"),
            AvroKind.Map => Find(reader.Parts[0], writer.Parts[0], $"{at}{{}}"),
            _ => null,
        };
    }

    private string? CompareFields(AvroType reader, AvroType writer, string at)
    {
        _steps += reader.Fields.Count + writer.Fields.Count;
        var byName = writer.Fields.ToLookup(static field => field.Name, StringComparer.Ordinal);
        foreach (var field in reader.Fields)
        {
            var place = at.Length == 0 ? field.Name : $"{at}.{field.Name}";
            var written = byName[field.Name].FirstOrDefault() ?? field.Aliases.Select(alias => byName[alias].FirstOrDefault()).FirstOrDefault(static other => other is not null);
            var obstacle = written is not null ? Find(field.Type, written.Type, place) : field.HasDefault ? null : $"{Place(place)}it is not written, and has no default";
            if (obstacle is not null)
            {
                return obstacle;
            }
        }

        return null;
    }

    private static bool IsPromoted(AvroKind from, AvroKind to) => (from, to) is
        (AvroKind.Int, AvroKind.Long or AvroKind.Float or AvroKind.Double)
        or (AvroKind.Long, AvroKind.Float or AvroKind.Double)
        or (AvroKind.Float, AvroKind.Double)
        or (AvroKind.String, AvroKind.Bytes)
        or (AvroKind.Bytes, AvroKind.String);

    private static string Place(string at) => at.Length == 0 ? "" : $"'{at}': ";
}
