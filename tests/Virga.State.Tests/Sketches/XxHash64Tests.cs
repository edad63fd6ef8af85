using System.Text;
using Virga.State.Sketches;

namespace Virga.State.Tests.Sketches;

/// <summary>Against what System.IO.Hashing.XxHash64 gives, which is Yann Collet's own: sketches that are stored would no longer merge if this changed.</summary>
public sealed class XxHash64Tests
{
    [Theory]
    [InlineData(0, 0UL, 0xEF46DB3751D8E999)]
    [InlineData(0, 0x9E3779B185EBCA8DUL, 0x0B303D920EC349DF)]
    [InlineData(1, 0UL, 0x8A4127811B21E730)]
    [InlineData(1, 0x9E3779B185EBCA8DUL, 0x8A9B0A328F1A04FA)]
    [InlineData(3, 0UL, 0xB6E6C910C2FD373A)]
    [InlineData(4, 0UL, 0x22EDA2CF6AF4C124)]
    [InlineData(4, 0x9E3779B185EBCA8DUL, 0xE8E77F3C8E06609B)]
    [InlineData(7, 0UL, 0x34084D91A233A751)]
    [InlineData(8, 0UL, 0xC6F1803A5E0B3222)]
    [InlineData(12, 0UL, 0x9178B724DCE384C0)]
    [InlineData(12, 0x9E3779B185EBCA8DUL, 0x49FDC5DB6B55E3CE)]
    [InlineData(31, 0UL, 0x6AB1C40E29F50073)]
    [InlineData(32, 0UL, 0x5A0756FBE9ECD3D1)]
    [InlineData(32, 0x9E3779B185EBCA8DUL, 0xE4C9B61BCFB4DC61)]
    [InlineData(33, 0UL, 0xDC50CDC37BB9C183)]
    [InlineData(63, 0UL, 0x10DD94885C71894A)]
    [InlineData(64, 0UL, 0x90083DA9CDB9D795)]
    [InlineData(100, 0UL, 0xD248BFC5208B0B16)]
    [InlineData(255, 0UL, 0x5DA8139D7ACF3995)]
    [InlineData(255, 0x9E3779B185EBCA8DUL, 0x42975452A5E40515)]
    public void A_hash_is_the_published_one(int length, ulong seed, ulong hash)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i * 7) + 1);
        }

        XxHash64.Of(bytes, seed).ShouldBe(hash);
    }

    [Theory]
    [InlineData("a", 0xD24EC4F1A98C6E5B)]
    [InlineData("asdf", 0x415872F599CEA71E)]
    public void The_hash_of_a_text_is_the_published_one(string text, ulong hash) => XxHash64.Of(Encoding.UTF8.GetBytes(text)).ShouldBe(hash);
}
