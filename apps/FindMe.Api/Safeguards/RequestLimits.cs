using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapr.Client;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How many searches one person, and one address, may begin in a day. The allowance lies in the state store: it outlives this process.</summary>
internal sealed class RequestLimits(DaprClient dapr, IOptions<SafeguardOptions> options, TimeProvider time)
{
    /// <summary>Counts a search. One that is refused for another reason counts too: asking is what is limited.</summary>
    /// <returns>Null: it may begin. Otherwise what is too many.</returns>
    public async Task<string?> TrySearchAsync(HttpContext context, CurrentUser user, CancellationToken cancellationToken)
    {
        var day = DayOf(time.GetUtcNow());
        if (!await TryCountAsync(StateKeys.Allowance($"{AuditLog.Pseudonym(user.Id)}/{day}"), options.Value.SearchesPerDay, cancellationToken))
        {
            return $"You have begun {options.Value.SearchesPerDay} searches today.";
        }

        return await TryCountAsync(StateKeys.Allowance(AddressOfDay(context, day)), options.Value.SearchesPerAddressPerDay, cancellationToken)
            ? null
            : "Too many searches were begun today from where you are.";
    }

    /// <summary>429, with the time until the day (UTC) is over.</summary>
    public ProblemHttpResult TooManySearches(HttpContext context, string title)
    {
        var now = time.GetUtcNow();
        var left = now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;
        context.Response.Headers.RetryAfter = Math.Ceiling(left.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Problems.Of(
            429, "too-many-searches", title, left > TimeSpan.FromHours(1) ? "Come back tomorrow (UTC)." : $"Try again in {Math.Ceiling(left.TotalMinutes)} minutes.");
    }

    /// <summary>The address that a request comes from, as the state store may hold it: a hash, another one each day.</summary>
    public static string AddressOfDay(HttpContext context, string day) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{day}/{ClientAddress.Of(context)}")));

    /// <summary>The day (UTC) as it stands in allowances.</summary>
    public static string DayOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async Task<bool> TryCountAsync(string key, int most, CancellationToken cancellationToken)
    {
        var isLeft = false;
        await dapr.CreateOrUpdateStateAsync<Allowance>(
            key,
            allowance =>
            {
                var used = allowance?.Used ?? 0;
                isLeft = used < most;
                return isLeft ? new Allowance(used + 1) : allowance!;
            },
            _ => TimeSpan.FromDays(1),
            cancellationToken);
        return isLeft;
    }

    /// <summary>What was used of a day's allowance.</summary>
    private sealed record Allowance(int Used) : Document;
}
