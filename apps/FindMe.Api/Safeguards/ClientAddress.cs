using System.Net;
using System.Net.Sockets;

namespace FindMe.Api;

/// <summary>From where a request comes, as far as it can be counted by. <see cref="RequestRates"/> says how the address is known behind a proxy.</summary>
internal static class ClientAddress
{
    /// <summary>The address; of IPv6 its /64, since whoever has one has all of it. Empty where there is none.</summary>
    public static string Of(HttpContext context) => Of(context.Connection.RemoteIpAddress);

    /// <summary>The same of an address.</summary>
    public static string Of(IPAddress? remote) => remote switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } address => new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]).ToString(),
        var address => address.ToString(),
    };
}
