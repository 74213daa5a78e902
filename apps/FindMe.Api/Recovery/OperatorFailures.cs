using System.ComponentModel.DataAnnotations;
using Dapr.Client;
using FindMe.Hosting;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What the operator may do. Section <c>Operator</c> of the configuration; checked at start.</summary>
public sealed class OperatorOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Operator";

    /// <summary>The operator's secret, at least 32 characters; null, the default: the operator's routes do not exist.</summary>
    [MinLength(32)]
    public string? Key { get; set; }
}

[OptionsValidator]
internal sealed partial class OperatorOptionsValidator : IValidateOptions<OperatorOptions>;

/// <summary>
/// What went to the dead-letter topics and was given up: listed, and tried again, by whoever sends <c>Authorization: Bearer</c> with the
/// operator's key. Nothing of a person is shown but the ids of searches.
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

    // Collect does it, and takes the search off the list when it is done.
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

    // Without the key the routes do not exist; whether one is configured is nobody's business.
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
