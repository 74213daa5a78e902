using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.DemoNetworks;

/// <summary>
/// Controls a running bench over HTTP: <c>GET /</c> returns the networks' addresses, <c>GET /{network}/calls</c> their requests,
/// <c>POST /{network}/faults</c> adds a <see cref="Fault"/>, <c>DELETE /{network}/faults</c> removes all,
/// <c>POST /{network}/posts</c> publishes a <see cref="ScenarioPost"/>, <c>PUT /{network}/limit</c> sets a <see cref="RateLimit"/>,
/// <c>POST /{network}/expire</c> expires the access tokens, <c>POST /{network}/revoke</c> revokes all access.
/// </summary>
public static class ControlRoutes
{
    internal static void MapControl(this WebApplication app, NetworkBench networks)
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
        app.MapGet("/", () => networks.Addresses);
        app.MapGet("/{network}/calls", (string network) => With(network, found => Results.Json(found.Calls.All, json)));
        app.MapPost("/{network}/faults", (string network, HttpRequest request) => WithAsync<Fault>(network, request, (found, fault) => found.Faults.Add(fault)));
        app.MapDelete("/{network}/faults", (string network) => Do(network, found => found.Faults.Clear()));
        app.MapPost("/{network}/posts", (string network, HttpRequest request) => WithAsync<ScenarioPost>(network, request, (found, post) => found.Publish(post)));
        app.MapPut("/{network}/limit", (string network, HttpRequest request) => WithAsync<RateLimit>(network, request, (found, limit) => found.Limit = limit));
        app.MapPost("/{network}/expire", (string network) => Do(network, found => found.Grants.ExpireAccessTokens()));
        app.MapPost("/{network}/revoke", (string network) => Do(network, found => found.Grants.RevokeAll()));

        IResult With(string name, Func<Network, IResult> answer) =>
            networks.All.FirstOrDefault(network => network.Name == name) is { } found ? answer(found) : Results.NotFound();

        IResult Do(string name, Action<Network> what) => With(name, found =>
        {
            what(found);
            return Results.NoContent();
        });

        async Task<IResult> WithAsync<T>(string name, HttpRequest request, Action<Network, T> what)
        {
            try
            {
                return await request.ReadFromJsonAsync<T>(json) is { } body ? Do(name, found => what(found, body)) : Results.BadRequest();
            }
            catch (JsonException exception)
            {
                return Results.BadRequest(exception.Message);
            }
        }
    }
}
