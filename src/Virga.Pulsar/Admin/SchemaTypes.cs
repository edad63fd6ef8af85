namespace Virga.Pulsar.Admin;

/// <summary>The types of schemas: by the numbers of Pulsar's protocol, and the names of its admin API.</summary>
internal static class SchemaTypes
{
    private static readonly string[] Names =
    [
        "NONE", "STRING", "JSON", "PROTOBUF", "AVRO", "BOOLEAN", "INT8", "INT16", "INT32", "INT64", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "KEY_VALUE", "INSTANT", "LOCAL_DATE", "LOCAL_TIME", "LOCAL_DATE_TIME", "PROTOBUF_NATIVE",
    ];

    /// <summary>The name of a number.</summary>
    public static string NameOf(int type) => type >= 0 && type < Names.Length ? Names[type] : "NONE";

    /// <summary>The number of a name; -1 for none.</summary>
    public static int NumberOf(string? name) => Array.IndexOf(Names, name?.ToUpperInvariant());
}
