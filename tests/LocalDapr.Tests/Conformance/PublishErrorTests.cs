using System.Net;

namespace LocalDapr.Tests.Conformance;

public class PublishErrorTests
{
    private const string Errors = "pkg/api/errors/pubsub.go";

    private static readonly string ScopedPubSub = SidecarUnderTest.PubSubWith(
        ("allowedTopics", "orders~,secret~,open~"), ("protectedTopics", "secret~"), ("publishingScopes", "caller=orders~;other=secret~"));

    [Theory]
    [InlineData("orders", 204)]
    [InlineData("open", 403)]
    [InlineData("secret", 403)]
    [InlineData("unlisted", 403)]
    [Conformance("err-pub-02", "pkg/runtime/pubsub isOperationAllowed")]
    public async Task A_topic_outside_the_components_scopes_is_403(string topic, int status)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([ScopedPubSub]);

        using var response = await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "{}");

        if (status == 204)
        {
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }
        else
        {
            await SidecarUnderTest.AssertErrorAsync(response, 403, "ERR_PUBSUB_FORBIDDEN", $"topic {topic} is not allowed for app id caller");
        }
    }

    [Fact]
    [Conformance("err-pub-04", Errors)]
    public async Task A_raw_payload_word_that_is_no_boolean_is_400()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/publish/pubsub/orders?metadata.rawPayload=maybe", "{}");

        await SidecarUnderTest.AssertErrorAsync(
            response, 400, "ERR_PUBSUB_REQUEST_METADATA", "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'maybe'");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [Conformance("err-pub-05", Errors)]
    public async Task An_envelope_that_is_no_object_is_500(string body)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", body, "application/cloudevents+json");

        await SidecarUnderTest.AssertErrorAsync(response, 500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent");
    }

    [Fact]
    [Conformance("err-pub-09", Errors)]
    public async Task A_broker_that_fails_is_500_with_its_reason()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub], new Setup { Faults = new FaultInjection { Plan = new FaultPlan { PublishErrorEvery = 1 } }, IsLocalOnly = "a broker is not broken for a test" });

        using var response = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", "1");

        await SidecarUnderTest.AssertErrorAsync(response, 500, "ERR_PUBSUB_PUBLISH_MESSAGE", "error when publishing to topic orders in pubsub pubsub: ");
    }

    [Fact]
    [Conformance("err-pub-08", "pkg/runtime/processor (component scopes)")]
    public async Task A_component_scoped_to_other_apps_does_not_exist_for_this_one()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub + "\nscopes: [other]", SidecarUnderTest.Store + "\nscopes: [other]"]);

        using var publish = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", "{}");
        using var state = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");

        await SidecarUnderTest.AssertErrorAsync(publish, 404, "ERR_PUBSUB_NOT_FOUND");
        await SidecarUnderTest.AssertErrorAsync(state, 500, "ERR_STATE_STORE_NOT_CONFIGURED", "state store statestore is not configured");
    }
}
