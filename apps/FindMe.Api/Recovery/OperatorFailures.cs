using System.ComponentModel.DataAnnotations;
using Dapr.Client;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>Access for the operator. Section <c>Operator</c> of the configuration; checked at start.</summary>
public sealed class OperatorOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Operator";

    /// <summary>The operator's secret, at least 32 characters. Default null: the operator's routes do not exist.</summary>
    [MinLength(32)]
    public string? Key { get; set; }
}

[OptionsValidator]
internal sealed partial class OperatorOptionsValidator : IValidateOptions<OperatorOptions>;

/// <summary>
/// Lists the dead-lettered events that were given up, and retries them, for requests that send the operator's key in
/// <c>Authorization: Bearer</c>. Shows the ids of searches and no other personal data.
/// </summary>
internal static class OperatorFailures
{
    private const string Scheme = "Bearer ";

    public static void AddOperator(this IServiceCollection services)
    {
        services.AddOptions<OperatorOptions>().BindConfiguration(OperatorOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OperatorOptions>, OperatorOptionsValidator>();
    }

    public static void MapOperatorFailures(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/operator").AddEndpointFilter(RequireKeyAsync).ExcludeFromDescription();
        group.MapGet("/failures", async (Failures failures, CancellationToken cancellationToken) =>
            TypedResults.Ok(await failures.ListAsync(cancellationToken)));
        group.MapPost("/failures/{search}/retry", RetryAsync);
    }

    // Collect retries, and removes the search from the list when it is done.
    private static async Task<Results<Accepted, ProblemHttpResult>> RetryAsync(
        string search, Failures failures, OpenSearches open, DaprClient dapr, CancellationToken cancellationToken)
    {
        if (!(await failures.ListAsync(cancellationToken)).Any(failure => failure.SearchId == search))
        {
            return Problems.NotFound;
        }

        if (await dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), cancellationToken) is { } failed)
        {
            await open.AddAsync(search, failed.Person, failed.Generation + 1, cancellationToken);
        }

        await dapr.PublishAsync(new ReopenSearch { SearchId = search }, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    // Without the key the routes answer 404, so that nobody learns whether a key is configured.
    private static async ValueTask<object?> RequireKeyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var key = context.HttpContext.RequestServices.GetRequiredService<IOptions<OperatorOptions>>().Value.Key;
        var given = context.HttpContext.Request.Headers.Authorization.ToString();
        return key is not null
            && given.StartsWith(Scheme, StringComparison.Ordinal)
            && Secrets.AreSame(given[Scheme.Length..], key)
                ? await next(context)
                : Problems.NotFound;
    }
}
