using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Hosting;

/// <summary>Keeps web pages in a browser on the same machine from an app that only this machine reaches.</summary>
public static class Loopback
{
    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>
    /// Where <c>AllowedHosts</c> is not configured and the app listens on loopback addresses alone, answers requests for this machine's own names
    /// only: a page whose name was made to lead here (DNS rebinding) gets 400. On other addresses the app cannot know its names, and takes any.
    /// </summary>
    internal static void AddLocalHostNames(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["AllowedHosts"] is { Length: > 0 } || !IsOnLoopbackOnly(builder.Configuration))
        {
            return;
        }

        builder.Services.Configure<HostFilteringOptions>(filter =>
        {
            filter.AllowedHosts = LocalNames;
            filter.AllowEmptyHosts = false;
        });
    }

    /// <summary>Whether only this machine reaches the app: ASP.NET Core's own default is localhost.</summary>
    /// <param name="configuration">The app's configuration, where its addresses stand.</param>
    public static bool IsOnLoopbackOnly(IConfiguration configuration)
    {
        var addresses = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "").ToList();
        if (configuration["urls"] is { Length: > 0 } urls)
        {
            addresses.AddRange(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
        else if (configuration["http_ports"] is { Length: > 0 } || configuration["https_ports"] is { Length: > 0 })
        {
            // Ports alone mean every address.
            return false;
        }

        return addresses.TrueForAll(IsLoopback);
    }

    private static bool IsLoopback(string address)
    {
        try
        {
            var host = BindingAddress.Parse(address).Host;
            return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
        }
        catch (FormatException)
        {
            // Kestrel refuses it and says why.
            return false;
        }
    }
}
