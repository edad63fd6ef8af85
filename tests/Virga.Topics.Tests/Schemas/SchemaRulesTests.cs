using System.Buffers.Binary;
using System.Text;
using Virga.Topics.Policies;
using Virga.Topics.Schemas;

namespace Virga.Topics.Tests.Schemas;

/// <summary>Which further schemas a topic takes.</summary>
public sealed class SchemaRulesTests
{
    private const int Text = 1;
    private const int Json = 2;
    private const int Avro = 4;
    private const int KeyValue = 15;

    private const string Two = "{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"int\"}";
    private const string One = "{\"name\":\"a\",\"type\":\"int\"}";
    private const string OneAndDefault = "{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":\"int\",\"default\":0}";

    [Theory]
    [InlineData(SchemaCompatibility.Always, One, Two, true)]
    [InlineData(SchemaCompatibility.Never, One, OneAndDefault, false)]
    [InlineData(SchemaCompatibility.Backward, Two, One, true)]
    [InlineData(SchemaCompatibility.Backward, One, Two, false)]
    [InlineData(SchemaCompatibility.Forward, One, Two, true)]
    [InlineData(SchemaCompatibility.Forward, Two, One, false)]
    [InlineData(SchemaCompatibility.Full, One, Two, false)]
    [InlineData(SchemaCompatibility.Full, Two, One, false)]
    [InlineData(SchemaCompatibility.Full, One, OneAndDefault, true)]
    [InlineData(SchemaCompatibility.Full, OneAndDefault, One, true)]
    public void A_policy_says_who_has_to_read_whom(SchemaCompatibility policy, string old, string added, bool isTaken)
    {
        foreach (var type in new[] { Json, Avro, 3 })
        {
            (SchemaRules.Obstacle(policy, [Record(type, old)], Record(type, added)) is null).ShouldBe(isTaken, $"type {type}");
        }
    }

    [Theory]
    [InlineData(SchemaCompatibility.Backward, true)]
    [InlineData(SchemaCompatibility.BackwardTransitive, false)]
    public void A_transitive_policy_asks_for_all_versions(SchemaCompatibility policy, bool isTaken)
    {
        SchemaDefinition[] versions = [Record(Avro, "{\"name\":\"a\",\"type\":\"string\"}"), Record(Avro, "")];

        (SchemaRules.Obstacle(policy, versions, Record(Avro, "{\"name\":\"a\",\"type\":\"int\",\"default\":0}")) is null).ShouldBe(isTaken);
    }

    [Fact]
    public void A_schema_of_another_type_is_taken_only_by_a_topic_that_takes_all()
    {
        SchemaRules.Obstacle(SchemaCompatibility.Full, [Record(Json, One)], Plain(Text)).ShouldBe("the topic has a schema of type 2, and this one is of type 1");
        SchemaRules.Obstacle(SchemaCompatibility.Always, [Record(Json, One)], Plain(Text)).ShouldBeNull();
        SchemaRules.Obstacle(SchemaCompatibility.Full, [Plain(Text)], Plain(Text)).ShouldBeNull();
    }

    [Fact]
    public void What_is_not_Avro_is_refused_as_Avro_and_not_looked_at_as_JSON()
    {
        SchemaRules.Obstacle(SchemaCompatibility.Always, [], new SchemaDefinition("s", Avro, "{}"u8.ToArray(), [])).ShouldBe("the schema is none of Avro: the schema has no 'type'.");
        SchemaRules.Obstacle(SchemaCompatibility.Full, [Record(Json, One)], new SchemaDefinition("s", Json, "{}"u8.ToArray(), [])).ShouldBeNull();
    }

    [Theory]
    [InlineData(One, true)]
    [InlineData(Two, false)]
    public void Of_a_consumer_it_is_asked_only_that_it_reads(string fields, bool isTaken) =>
        (SchemaRules.Obstacle(SchemaRules.OfConsumers(SchemaCompatibility.Full), [Record(Avro, One + ",{\"name\":\"c\",\"type\":\"int\"}")], Record(Avro, fields)) is null).ShouldBe(isTaken);

    [Fact]
    public void Both_parts_of_a_key_and_a_value_are_compared()
    {
        var old = Pair("STRING", "", "JSON", Definition(One));

        SchemaRules.Obstacle(SchemaCompatibility.Full, [old], Pair("STRING", "", "JSON", Definition(OneAndDefault))).ShouldBeNull();
        SchemaRules.Obstacle(SchemaCompatibility.Full, [old], Pair("STRING", "", "JSON", Definition(Two))).ShouldBe("who has it could not read what was written before: the value, 'b': it is not written, and has no default");
        SchemaRules.Obstacle(SchemaCompatibility.Full, [old], Pair("INT32", "", "JSON", Definition(One))).ShouldBe("who has it could not read what was written before: the key is INT32 and was STRING");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public void A_key_and_a_value_that_break_off_are_taken_as_they_are(int length)
    {
        var whole = Pair("STRING", "", "JSON", Definition(One));

        SchemaRules.Obstacle(SchemaCompatibility.Full, [whole], whole with { Data = whole.Data[..length] }).ShouldBeNull();
    }

    private static SchemaDefinition Plain(int type) => new("s", type, default, []);

    private static SchemaDefinition Record(int type, string fields) => new("s", type, Encoding.UTF8.GetBytes(Definition(fields)), []);

    private static string Definition(string fields) => $$"""{"type":"record","name":"r","fields":[{{fields}}]}""";

    private static SchemaDefinition Pair(string keyType, string key, string valueType, string value)
    {
        var data = new byte[8 + key.Length + value.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, key.Length);
        Encoding.UTF8.GetBytes(key, data.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4 + key.Length), value.Length);
        Encoding.UTF8.GetBytes(value, data.AsSpan(8 + key.Length));
        return new SchemaDefinition("s", KeyValue, data, [new("key.schema.type", keyType), new("value.schema.type", valueType)]);
    }
}
