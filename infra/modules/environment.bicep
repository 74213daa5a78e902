// The Container Apps environment with the apps' shared Dapr components and Files mounts.
param location string
param tags object
param subnetId string
param logsName string
param storageName string
param serviceBusName string
param postgresHost string
param runIdentityName string
param runClientId string

var wiring = loadYamlContent('../wiring.yaml')

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: logsName
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'cae-findme'
  location: location
  tags: tags
  properties: {
    vnetConfiguration: { infrastructureSubnetId: subnetId, internal: false }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    // The platform does not support an identity here; like the share's key, it is passed between resources only.
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: logs.properties.customerId, sharedKey: logs.listKeys().primarySharedKey }
    }
  }

  resource albums 'storages' = {
    name: 'albums'
    properties: {
      azureFile: {
        accountName: storage.name
        accountKey: storage.listKeys().keys[0].value
        shareName: 'albums'
        accessMode: 'ReadOnly'
      }
    }
  }

  resource keysReadOnly 'storages' = {
    name: 'keys-readonly'
    properties: {
      azureFile: {
        accountName: storage.name
        accountKey: storage.listKeys().keys[0].value
        shareName: 'keys'
        accessMode: 'ReadOnly'
      }
    }
  }

  resource keys 'storages' = {
    name: 'keys'
    properties: {
      azureFile: {
        accountName: storage.name
        accountKey: storage.listKeys().keys[0].value
        shareName: 'keys'
        accessMode: 'ReadWrite'
      }
    }
  }

  resource uploadsReadOnly 'storages' = {
    name: 'uploads-readonly'
    properties: {
      azureFile: {
        accountName: storage.name
        accountKey: storage.listKeys().keys[0].value
        shareName: 'uploads'
        accessMode: 'ReadOnly'
      }
    }
  }

  resource uploads 'storages' = {
    name: 'uploads'
    properties: {
      azureFile: {
        accountName: storage.name
        accountKey: storage.listKeys().keys[0].value
        shareName: 'uploads'
        accessMode: 'ReadWrite'
      }
    }
  }
}

resource pubsub 'Microsoft.App/managedEnvironments/daprComponents@2025-01-01' = {
  parent: environment
  name: wiring.pubsub
  properties: {
    componentType: 'pubsub.azure.servicebus.topics'
    version: 'v1'
    metadata: [
      // The full name here; KEDA needs the short one.
      { name: 'namespaceName', value: '${serviceBusName}.servicebus.windows.net' }
      { name: 'azureClientId', value: runClientId }
      // Sender and Receiver lack the Manage right: without this, Dapr would fail with 401 and not subscribe.
      { name: 'disableEntityManagement', value: 'true' }
      { name: 'maxActiveMessages', value: string(wiring.delivery.eventsPerReplica) }
      { name: 'maxConcurrentHandlers', value: string(wiring.delivery.concurrency) }
      { name: 'handlerTimeoutInSec', value: string(wiring.delivery.triesSeconds) }
      { name: 'lockRenewalInSec', value: '20' }
      // No consumerID: the apps share this component, and would otherwise share one subscription.
    ]
    // Dapr app ids, not container app names.
    scopes: wiring.apps
  }
}

resource statestore 'Microsoft.App/managedEnvironments/daprComponents@2025-01-01' = {
  parent: environment
  name: wiring.statestore
  properties: {
    componentType: 'state.postgresql'
    version: 'v2'
    metadata: [
      // Has no password, so it is not a secret.
      {
        name: 'connectionString'
        value: 'host=${postgresHost} port=5432 user=${runIdentityName} database=findme sslmode=require'
      }
      { name: 'useAzureAD', value: 'true' }
      { name: 'azureClientId', value: runClientId }
      // Maximum connections per sidecar; docs/azure.md compares the total with the server's limit.
      { name: 'maxConns', value: '2' }
      // Documents live for 30 days, so deleting expired ones once an hour is enough.
      { name: 'cleanupInterval', value: '1h' }
      // Without this, each app would see only its own keys.
      { name: 'keyPrefix', value: 'none' }
    ]
    scopes: wiring.apps
  }
}

// Repeats components/resiliency.yaml, which Container Apps does not read. A preview API; apps use a change after a restart.
resource delivery 'Microsoft.App/managedEnvironments/daprComponents/resiliencyPolicies@2025-10-02-preview' = {
  parent: pubsub
  name: 'delivery'
  properties: {
    inboundPolicy: {
      timeoutPolicy: { responseTimeoutInSeconds: wiring.delivery.timeoutSeconds }
      httpRetryPolicy: {
        maxRetries: wiring.delivery.retries
        retryBackOff: {
          initialDelayInMilliseconds: wiring.delivery.retryWaitSeconds * 1000
          maxIntervalInMilliseconds: wiring.delivery.retryWaitSeconds * 1000
        }
      }
    }
  }
}

output id string = environment.id
output domain string = environment.properties.defaultDomain
