using System.Text;
using Virga.Topics.Schemas.Avro;

namespace Virga.Topics.Tests.Schemas;

/// <summary>Avro's rules of schema resolution, one by one.</summary>
public sealed class AvroResolutionTests
{
    [Theory]
    [InlineData("'int'", "'int'", null)]
    [InlineData("'long'", "'int'", null)]
    [InlineData("'double'", "'int'", null)]
    [InlineData("'double'", "'float'", null)]
    [InlineData("'int'", "'long'", "long cannot be read as int")]
    [InlineData("'float'", "'double'", "double cannot be read as float")]
    [InlineData("'string'", "'bytes'", null)]
    [InlineData("'bytes'", "'string'", null)]
    [InlineData("'string'", "'int'", "int cannot be read as string")]
    [InlineData("{'type':'array','items':'long'}", "{'type':'array','items':'int'}", null)]
    [InlineData("{'type':'array','items':'int'}", "{'type':'array','items':'string'}", "'[]': string cannot be read as int")]
    [InlineData("{'type':'map','values':'int'}", "{'type':'map','values':'null'}", "'{}': null cannot be read as int")]
    [InlineData("['null','string']", "'string'", null)]
    [InlineData("['null','string']", "'int'", "no branch of the union takes int")]
    [InlineData("'string'", "['null','string']", "null cannot be read as string")]
    [InlineData("['null','string','int']", "['int','null']", null)]
    [InlineData("{'type':'fixed','name':'f','size':4}", "{'type':'fixed','name':'f','size':4}", null)]
    [InlineData("{'type':'fixed','name':'f','size':4}", "{'type':'fixed','name':'f','size':8}", "fixed f has 4 bytes instead of 8")]
    [InlineData("{'type':'fixed','name':'f','size':4}", "{'type':'fixed','name':'g','size':4}", "fixed g is not fixed f")]
    [InlineData("{'type':'enum','name':'e','symbols':['A','B']}", "{'type':'enum','name':'e','symbols':['A']}", null)]
    [InlineData("{'type':'enum','name':'e','symbols':['A']}", "{'type':'enum','name':'e','symbols':['A','B']}", "enum e has no symbol 'B' and no default")]
    [InlineData("{'type':'enum','name':'e','symbols':['A'],'default':'A'}", "{'type':'enum','name':'e','symbols':['A','B']}", null)]
    [InlineData("{'type':'record','name':'r','fields':[]}", "{'type':'record','name':'r','fields':[{'name':'a','type':'int'}]}", null)]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','type':'int'}]}", "{'type':'record','name':'r','fields':[]}", "'a': it is not written, and has no default")]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','type':'int','default':0}]}", "{'type':'record','name':'r','fields':[]}", null)]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','aliases':['b'],'type':'long'}]}", "{'type':'record','name':'r','fields':[{'name':'b','type':'int'}]}", null)]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','type':'int'}]}", "{'type':'record','name':'r','fields':[{'name':'a','type':'string'}]}", "'a': string cannot be read as int")]
    [InlineData("{'type':'record','name':'x.r','fields':[]}", "{'type':'record','name':'r','namespace':'y','fields':[]}", null)]
    [InlineData("{'type':'record','name':'r','aliases':['x.q'],'fields':[]}", "{'type':'record','name':'q','fields':[]}", null)]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','type':{'type':'record','name':'s','fields':[{'name':'b','type':'int'}]}}]}", "{'type':'record','name':'r','fields':[{'name':'a','type':{'type':'record','name':'s','fields':[]}}]}", "'a.b': it is not written, and has no default")]
    [InlineData("{'type':'long','logicalType':'timestamp-millis'}", "{'type':'int'}", null)]
    public void What_a_reader_reads_of_a_writer(string reader, string writer, string? obstacle) => AvroResolution.Obstacle(Parse(reader), Parse(writer)).ShouldBe(obstacle);

    [Fact]
    public void A_record_that_contains_itself_is_compared_to_its_end()
    {
        const string List = "{'type':'record','name':'list','namespace':'n','fields':[{'name':'value','type':'TYPE'},{'name':'next','type':['null','list']}]}";
        var (ints, longs) = (Parse(List.Replace("TYPE", "int", StringComparison.Ordinal)), Parse(List.Replace("TYPE", "long", StringComparison.Ordinal)));

        AvroResolution.Obstacle(longs, ints).ShouldBeNull();
        AvroResolution.Obstacle(ints, longs).ShouldBe("'value': long cannot be read as int");
    }

    // A is good only if B is, which is not: what was found good on the way does not count.
    [Fact]
    public void What_was_good_only_on_a_condition_that_failed_is_looked_at_again()
    {
        var writer = Parse("{'type':'record','name':'w','fields':[{'name':'self','type':['null','w']},{'name':'x','type':'string'}]}");
        var reader = Parse("['null',{'type':'record','name':'w','fields':[{'name':'self','type':['null','w']},{'name':'x','type':'int'}]}]");

        AvroResolution.Obstacle(reader, writer).ShouldBe("no branch of the union takes record w");
    }

    [Fact]
    public void A_chain_that_nobody_has_written_by_hand_is_refused_and_takes_no_node_with_it()
    {
        var chain = new StringBuilder("[{'type':'record','name':'r0','fields':[]}");
        for (var i = 1; i < 20_000; i++)
        {
            chain.Append(System.Globalization.CultureInfo.InvariantCulture, $",{{'type':'record','name':'r{i}','fields':[{{'name':'f','type':'r{i - 1}'}}]}}");
        }

        var schema = Parse(chain.Append(']').ToString());

        AvroResolution.Obstacle(schema, schema).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("", "it is no JSON: ")]
    [InlineData("{}", "the schema has no 'type'.")]
    [InlineData("'text'", "the schema is of the type 'text', which is not defined before.")]
    [InlineData("'\\ud800'", "a text in it is none: ")]
    [InlineData("{'type':'record','name':'\\ud800','fields':[]}", "a text in it is none: ")]
    [InlineData("12", "the schema is Number, and no type.")]
    [InlineData("{'type':'record','fields':[]}", "the schema has no 'name'.")]
    [InlineData("{'type':'record','name':'r'}", "the schema has no 'fields'.")]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a'}]}", "r.a has no 'type'.")]
    [InlineData("{'type':'record','name':'r','fields':[{'name':'a','type':'q'}]}", "r.a is of the type 'q', which is not defined before.")]
    [InlineData("[{'type':'fixed','name':'f','size':1},{'type':'fixed','name':'f','size':1}]", "branch 1 of the schema defines f a second time.")]
    [InlineData("{'type':'fixed','name':'f','size':-1}", "the size of f is no number of bytes.")]
    [InlineData("{'type':'enum','name':'e','symbols':'A'}", "the 'symbols' of the schema are no list.")]
    public void What_is_no_schema_is_said(string text, string message) => Should.Throw<AvroFormatException>(() => Parse(text)).Message.ShouldStartWith(message);

    [Fact]
    public void Types_within_types_without_end_are_refused() =>
        Should.Throw<AvroFormatException>(() => Parse(string.Concat(Enumerable.Repeat("{'type':'array','items':", 1000)) + "'int'" + new string('}', 1000))).Message.ShouldStartWith("it is no JSON");

    private static AvroType Parse(string text) => AvroParser.Parse(Encoding.UTF8.GetBytes(text.Replace('\'', '"')));
}
