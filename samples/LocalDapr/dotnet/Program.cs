// POST /orders → saves state, publishes an event; the event → updates the state; GET /orders/{id} → returns the state.
using Dapr.Client;

const string Store = "statestore";
const string PubSub = "pubsub";

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddDaprClient();
var app = builder.Build();
app.UseCloudEvents();
app.MapSubscribeHandler();

app.MapPost("/orders", async (Order order, DaprClient dapr) =>
{
    await dapr.SaveStateAsync(Store, order.Id, order);
    await dapr.PublishEventAsync(PubSub, "orders", order);
    return Results.Accepted($"/orders/{order.Id}");
});

app.MapPost("/orders/confirm", async (Order order, DaprClient dapr) =>
{
    var (stored, etag) = await dapr.GetStateAndETagAsync<Order>(Store, order.Id);
    // A concurrent write: any status other than 2xx makes Dapr redeliver the event.
    return await dapr.TrySaveStateAsync(Store, order.Id, stored with { Status = "confirmed" }, etag) ? Results.Ok() : Results.Conflict();
}).WithTopic(PubSub, "orders");

app.MapGet("/orders/{id}", async (string id, DaprClient dapr) =>
    await dapr.GetStateAsync<Order?>(Store, id) is { } order ? Results.Ok(order) : Results.NotFound());

app.Run($"http://127.0.0.1:{app.Configuration["APP_PORT"]}");

/// <summary>An order.</summary>
/// <param name="Id">Its key in the store.</param>
/// <param name="Status">Its status.</param>
internal sealed record Order(string Id, string Status = "placed");
