using Virga.Core.Problems;
using Virga.Core.Storage;

namespace Virga.Core.Tests.Storage;

public sealed class PostgresUrlTests
{
    [Theory]
    [InlineData("postgres://localhost", "Host=localhost")]
    [InlineData("postgresql://me:secret@db.example:5433/virga", "Host=db.example;Port=5433;Username=me;Password=secret;Database=virga")]
    [InlineData("postgres://me@[::1]:5432/virga", "Host=::1;Port=5432;Username=me;Database=virga")]
    [InlineData("postgres://me:a%3Bb%27c%40d@h/x%20y", "Host=h;Username=me;Password='a;b''c@d';Database='x y'")]
    [InlineData("postgres://h/d?sslmode=verify-full&connect_timeout=5", "Host=h;Database=d;SSL Mode=verifyfull;Timeout=5")]
    [InlineData("Host=h;Database=d", "Host=h;Database=d")]
    public void A_url_becomes_a_connection_string(string url, string expected) => PostgresUrl.ToConnectionString(url).ShouldBe(expected);

    [Theory]
    [InlineData("localhost")]
    [InlineData("postgres://")]
    [InlineData("postgres://me:hidden@h/d?what=1")]
    [InlineData("postgres://me:hidden@h:99999/d")]
    public void What_cannot_be_read_is_refused_without_showing_its_password(string url)
    {
        var problem = Should.Throw<ProblemException>(() => PostgresUrl.ToConnectionString(url)).Problem;

        problem.Slug.ShouldBe("invalid-request");
        problem.Detail.ShouldNotBeNull().ShouldNotContain("hidden");
    }
}
