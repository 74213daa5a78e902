// The broker, with the topics and subscriptions of wiring.yaml. Dapr does not create them (disableEntityManagement), since that needs the
// Manage right. A topic drops events published before its first subscription, so they are created before any app.
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

// Standard, since Basic has no topics. Messages are limited to 256 KB: events contain a photo's locator, not the photo.
resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'sb-findme-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    // Managed identities only, no connection strings.
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource topics 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = [
  for topic in topicNames: {
    parent: namespace
    name: topic
    properties: {
      // A search is kept for 30 days, but photos still waiting after a day are dead-lettered, not lost.
      defaultMessageTimeToLive: 'P1D'
    }
  }
]

resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for (subscription, i) in wiring.subscriptions: {
    parent: topics[i]
    name: subscription.app
    properties: {
      // Dapr renews the lock every 20 s (lockRenewalInSec) during its attempts. Events of a crashed replica are redelivered when the lock expires.
      lockDuration: 'PT${wiring.delivery.claimSeconds}S'
      maxDeliveryCount: wiring.delivery.maxDeliveries
      deadLetteringOnMessageExpiration: true
      // Forwards Service Bus's dead-letter queue (too many deliveries, expired) to Dapr's dead-letter topic; otherwise its photos would never be
      // settled and their search would never end. Dead letters of a dead-letter topic stay in their queue for the operator.
      forwardDeadLetteredMessagesTo: subscription.deadLetterTopic == subscription.topic
        ? null
        : subscription.deadLetterTopic
    }
    // The target of forwarding must exist first.
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

// KEDA's documentation does not name a role for counting messages. Owner is sufficient, and only the scaler has it.
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
