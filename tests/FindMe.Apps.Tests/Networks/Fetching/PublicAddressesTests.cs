using System.Net;
using FindMe.Apps.Tests.Fuzzing;
using FindMe.Networks;
using FsCheck;
using FsCheck.Fluent;

namespace FindMe.Apps.Tests.Networks;

public sealed class PublicAddressesTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:0:1::1")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("100::1")]
    public void An_address_that_is_not_of_the_public_internet_is_none(string address) =>
        Assert.False(PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("100.63.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("192.169.0.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::1.1.1.1")]
    [InlineData("2002:101:101::1")]
    public void An_address_of_the_public_internet_is_one(string address) =>
        Assert.True(PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void An_IPv4_address_is_judged_the_same_in_every_form_of_IPv6_that_carries_it() =>
        Prop.ForAll(Gen.Choose(0, 255).Four().ToArbitrary(), part =>
        {
            var (a, b, c, d) = part;
            var plain = PublicAddresses.IsPublic(IPAddress.Parse($"{a}.{b}.{c}.{d}"));
            string[] forms =
            [
                $"::ffff:{a}.{b}.{c}.{d}", $"::{a}.{b}.{c}.{d}", $"::ffff:0:{a}.{b}.{c}.{d}", $"64:ff9b::{a}.{b}.{c}.{d}", $"2002:{a:x2}{b:x2}:{c:x2}{d:x2}::1",
            ];
            return forms.All(form => PublicAddresses.IsPublic(IPAddress.Parse(form)) == plain);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Parser.CasesAt(5)));

    [Fact]
    public void No_IPv6_address_outside_global_unicast_space_is_public_unless_it_carries_a_public_IPv4_address() =>
        Prop.ForAll<byte[]>(random =>
        {
            var bytes = new byte[16];
            random.AsSpan(0, Math.Min(16, random.Length)).CopyTo(bytes);
            // 001 in front is global unicast; 0 is where the carriers of IPv4 are.
            bytes[0] = (byte)((bytes[0] & 0xe0) is 0x20 or 0 ? bytes[0] | 0x80 : bytes[0]);
            return !PublicAddresses.IsPublic(new IPAddress(bytes));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Parser.CasesAt(5)));
}
