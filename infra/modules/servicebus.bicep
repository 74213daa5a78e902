// The broker: topics and subscriptions as wiring.yaml has them. Dapr creates none (disableEntityManagement), since that would take the
// right to manage; and a topic drops what is published while it has no subscription, so they are here before any app.
param location string
param tags object
param token string
param runPrincipalId string
param scalePrincipalId string

var wiring = loadYamlContent('../wiring.yaml')
var topicNames = map(wiring.subscriptions, subscription => subscription.topic)

var dataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var dataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var dataOwner = '090c5cfd-751d-490a-894a-3ce6f1109419'

// Standard, since Basic has no topics. Its messages have at most 256 KB: a locator travels, never a photo.
resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'sb-findme-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    // Identity only: no connection string works.
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource topics 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [
  for topic in topicNames: {
    parent: namespace
    name: topic
    properties: {
      // A search lives for 30 days, but nobody waits longer than a day for a photo: what is left then is dead, not lost.
      defaultMessageTimeToLive: 'P1D'
    }
  }
]

resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for (subscription, i) in wiring.subscriptions: {
    parent: topics[i]
    name: subscription.app
    properties: {
      // Dapr renews the lock every 20 s (lockRenewalInSec) for as long as its tries take; what a dead replica held is handed on when it ends.
      lockDuration: 'PT${wiring.delivery.claimSeconds}S'
      maxDeliveryCount: wiring.delivery.maxDeliveries
      deadLetteringOnMessageExpiration: true
      // Service Bus's own dead letter queue (too many deliveries, too old) is not Dapr's dead letter topic: unless it is forwarded there,
      // nobody settles such a photo and its search never ends. A dead-letter topic's own stay in their queue: those are the operator's.
      forwardDeadLetteredMessagesTo: subscription.deadLetterTopic == subscription.topic
        ? null
        : subscription.deadLetterTopic
    }
    // What is forwarded to must exist.
    dependsOn: [topics]
  }
]

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, runPrincipalId, dataSender)
  properties: {
    principalId: runPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSender)
  }
}

resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, runPrincipalId, dataReceiver)
  properties: {
    principalId: runPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataReceiver)
  }
}

// KEDA's documentation names no role for counting messages. Owner certainly suffices, and only the scaler has it.
resource count 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, scalePrincipalId, dataOwner)
  properties: {
    principalId: scalePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataOwner)
  }
}

output name string = namespace.name
