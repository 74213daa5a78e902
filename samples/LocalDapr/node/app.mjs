// One order over HTTP and one over gRPC: saves state, publishes an event; the event → updates the state.
import { CommunicationProtocolEnum, DaprClient, DaprServer } from "@dapr/dapr";
import process from "node:process";

const store = "statestore";
const pubSub = "pubsub";
const { APP_PORT, DAPR_HTTP_PORT, DAPR_GRPC_PORT, DAPR_API_TOKEN } = process.env;
const daprHost = "127.0.0.1";

const clients = {
  HTTP: new DaprClient({ daprHost, daprPort: DAPR_HTTP_PORT, daprApiToken: DAPR_API_TOKEN }),
  gRPC: new DaprClient({ daprHost, daprPort: DAPR_GRPC_PORT, daprApiToken: DAPR_API_TOKEN, communicationProtocol: CommunicationProtocolEnum.GRPC }),
};

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: APP_PORT,
  clientOptions: { daprHost, daprPort: DAPR_HTTP_PORT, daprApiToken: DAPR_API_TOKEN },
});
await server.pubsub.subscribe(pubSub, "orders", async ({ id, over }) => {
  const order = await clients[over].state.get(store, id);
  await clients[over].state.save(store, [{ key: id, value: { ...order, status: "confirmed" } }]);
  const [{ data }] = await clients[over].state.getBulk(store, [id]);
  console.log(`${id} is ${data.status}, over ${over}`);
});
await server.start();

for (const over of Object.keys(clients)) {
  const id = `order-${over}`;
  await clients[over].state.save(store, [{ key: id, value: { id, over, status: "placed" } }]);
  await clients[over].pubsub.publish(pubSub, "orders", { id, over });
}
